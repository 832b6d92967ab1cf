"""How far it is, for who watches."""

import sys
from typing import Any

import click


def bar(label: str, length: int) -> Any:
    """Return a bar on standard error; there is none where nobody watches."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
