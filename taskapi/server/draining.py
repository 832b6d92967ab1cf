"""Flag shared by master and workers: this instance is shutting down."""

import mmap

_shared = mmap.mmap(-1, 1)
"""One byte of memory, which workers inherit when the master forks them."""


def start() -> None:
    """Report that this instance should get no new requests."""
    _shared[0] = 1


def is_draining() -> bool:
    """Return whether this instance is shutting down."""
    return _shared[0] == 1
