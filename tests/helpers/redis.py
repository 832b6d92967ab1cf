"""A real Redis on a free port: killed, frozen and woken as tests want it."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.helpers.server import free_port

SECONDS_TO_START = 30
MISSING = "needs redis-server, from the Debian package redis-server"


def program() -> str:
    """Return the path of redis-server; where it is missing, only CI fails."""
    found = shutil.which("redis-server")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return str(found)


class Store:
    """A Redis that keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.start()

    @property
    def uri(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin with nothing, at the same address as before."""
        where = ["--bind", "127.0.0.1", "--port", str(self.port)]
        files = ["--save", "", "--dir", str(self.folder), "--logfile", "log"]
        self.process = subprocess.Popen([program(), *where, *files])  # noqa: S603 - from the path
        self._wait()

    def kill(self) -> None:
        """End it at once, frozen or not."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it answer nobody, while the kernel still takes connections for it."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """Let it go on; return when what was sent meanwhile is done."""
        self.process.send_signal(signal.SIGCONT)
        self._wait()

    def tell(self, *words: object) -> Any:
        """Return its answer to a command."""
        with Redis(port=self.port, decode_responses=True) as connection:
            return connection.execute_command(*words)

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return bool(self.tell("PING"))
        except RedisError:
            return False
