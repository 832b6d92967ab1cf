"""Recognition of backup files by their first bytes."""

from pathlib import Path

from taskapi.console import CommandError

SIGNATURES = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def check_kind(file: Path, kind: str) -> None:
    """Raise CommandError unless the file is a backup of this kind of database."""
    with file.open("rb") as opened:
        start = opened.read(max(map(len, SIGNATURES)))
    found = next((k for s, k in SIGNATURES.items() if start.startswith(s)), None)
    if found is None:
        raise CommandError(
            f"{file} is not a backup. Choose a file that `flask backup` wrote."
        )
    if found != kind:
        raise CommandError(
            f"{file} is a backup of {NAMES[found]}, but DATABASE_URL names "
            f"{NAMES[kind]}. Restore it into the kind of database that it came from."
        )
