"""Where things lie, and what the driver says meanwhile."""

import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".bench"
BIN = Path(sys.executable).parent


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def secret() -> str:
    """Return the one key that all servers sign with; it is made once."""
    file = HOME / "secret"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()
