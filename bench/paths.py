"""Folders, the signing key and the progress log of the benchmark."""

import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".bench"
BIN = Path(sys.executable).parent


def log(text: str) -> None:
    """Print a line of progress without buffering."""
    print(text, flush=True)


def secret_key() -> str:
    """Return the key with which all servers sign tokens; it is created once."""
    file = WORK / "secret"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()
