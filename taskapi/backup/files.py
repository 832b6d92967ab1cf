"""Backup files: written whole or not at all, and known by how they begin."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskapi.console import CommandError

BEGINNINGS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """Yield a private file beside the target; it takes the name when it is whole."""
    if target.exists():
        raise CommandError(f"{target} exists and stays; name another file.")
    folder = target.parent.resolve(strict=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.")
    os.close(handle)
    path = Path(name)
    try:
        yield path
        _sync(path)
        target.touch(exist_ok=False)  # the name is ours, so that nothing is replaced
        path.replace(target)
        _sync(folder)
    finally:
        path.unlink(missing_ok=True)


def refuse_other(file: Path, kind: str) -> None:
    """Refuse what is no backup, and what is one of the other kind of database."""
    with file.open("rb") as opened:
        begins = opened.read(16)
    found = next((k for b, k in BEGINNINGS.items() if begins.startswith(b)), None)
    if found is None:
        raise CommandError(
            f"{file} is no backup; expected a file that `flask backup` made."
        )
    if found != kind:
        raise CommandError(
            f"{file} is a backup of {NAMES[found]}, and DATABASE_URL names "
            f"{NAMES[kind]}; it can only go back to where it came from."
        )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
