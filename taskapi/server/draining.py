"""Whether this instance is about to end: its master says it, and workers read it."""

import mmap

shared = mmap.mmap(-1, 1)
"""A byte that the master has in common with the workers that it forks."""


def announce() -> None:
    """Say that no new requests should come here."""
    shared[0] = 1


def is_leaving() -> bool:
    """Tell whether that was said."""
    return shared[0] == 1
