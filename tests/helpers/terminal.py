"""Programs in a terminal (a pty), such as a developer's."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SECONDS = 60


class Terminal:
    """A program whose input and output are a terminal."""

    def __init__(
        self, command: list[str], variables: dict[str, str], folder: Path = ROOT
    ) -> None:
        self.master, slave = pty.openpty()
        self.output = ""
        self.process = subprocess.Popen(  # noqa: S603 - the command of a test
            command,
            cwd=folder,
            env=variables,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)

    def read_until(self, text: str) -> str:
        """Return the output once it contains a text."""
        deadline = time.monotonic() + SECONDS
        while text not in self.text:
            assert time.monotonic() < deadline, self.output
            assert self._read(), self.output
        return self.text

    def interrupt(self) -> int:
        """Send Ctrl-C to all processes of the terminal; return the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Read the output to its end; return the exit status."""
        deadline = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.output
        return self.process.wait(SECONDS)

    @property
    def text(self) -> str:
        """The output without colours."""
        return COLOUR.sub("", self.output).replace("\r\n", "\n")

    def _read(self) -> bool:
        """Read the available output; return whether more may follow."""
        if not select.select([self.master], [], [], 0.1)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the last process has closed the terminal
            return False
        self.output += data.decode()
        return bool(data)
