"""A Redis server on a free port that tests kill, freeze and resume."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.helpers.programs import free_port, wait_until

MISSING = "needs redis-server, from the Debian package redis-server"


def program() -> str:
    """Return the path of redis-server; without it, skip the test, or fail in CI."""
    found = shutil.which("redis-server")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return str(found)


class RedisServer:
    """A Redis server without persistence."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.start()

    @property
    def uri(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it without data, at the same address as before."""
        address = ["--bind", "127.0.0.1", "--port", str(self.port)]
        files = ["--save", "", "--dir", str(self.folder), "--logfile", "log"]
        self.process = subprocess.Popen([program(), *address, *files])  # noqa: S603 - from the path
        self._wait()

    def kill(self) -> None:
        """Kill it, also while it is frozen."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop the process; the kernel still accepts connections to its port."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def resume(self) -> None:
        """Continue the process; return when it has processed the waiting commands."""
        self.process.send_signal(signal.SIGCONT)
        self._wait()

    def execute(self, *command: object) -> Any:
        """Send a command and return its result."""
        with Redis(port=self.port, decode_responses=True) as connection:
            return connection.execute_command(*command)

    def _wait(self) -> None:
        wait_until(self._is_ready, (self.folder / "log").read_text)

    def _is_ready(self) -> bool:
        try:
            return bool(self.execute("PING"))
        except RedisError:
            return False
