"""Files that the commands read and write."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from taskapi.console import CommandError, create_file, progress_bar


@contextmanager
def open_target(file: str) -> Iterator[BinaryIO]:
    """Open a new file, or standard output for "-"."""
    if file == "-":
        yield sys.stdout.buffer
        return
    with create_file(Path(file)) as path, path.open("wb") as target:
        yield target


@contextmanager
def open_source(file: str) -> Iterator[Any]:
    """Open a file with a progress bar, or standard input for "-"."""
    if file == "-":
        yield sys.stdin.buffer
        return
    size = Path(file).stat().st_size
    with MonitoredFile(file) as source, progress_bar("Reading", size) as bar:
        source.on_read = bar.update
        yield source


class MonitoredFile(FileIO):
    """A file that reports the number of bytes of each read."""

    on_read: Callable[[int], object]

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into the buffer; return the number of bytes."""
        size = super().readinto(buffer)
        self.on_read(size or 0)
        return size


@contextmanager
def file_errors() -> Iterator[None]:
    """Raise CommandError for errors of a file, except a closed pipe."""
    try:
        yield
    except BrokenPipeError:  # click ends quietly when the reader, such as head, ends
        raise
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.") from error
