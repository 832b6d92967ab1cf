"""How the workers of a server add up their figures: by files in a folder of theirs.

gunicorn.conf.py calls this; without it a process has its figures for itself. A worker
has a number, and goes on with the files of one that ended, so that no sum ever falls
and the files stay few.
"""

import atexit
import os
import shutil
import tempfile
from functools import cache

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead


class Place:
    """Where this process writes; without a folder nobody reads it."""

    folder = ""
    writer = "master"


@cache
def share(parent: str | None) -> str:
    """Let all processes to come write into a new folder, and return its path."""
    Place.folder = tempfile.mkdtemp(prefix="taskapi-metrics-", dir=parent)
    atexit.register(_tidy_up, os.getpid())
    values.ValueClass = values.MultiProcessValue(lambda: Place.writer)
    return Place.folder


def enter(number: int) -> None:
    """Write as the worker of this number from now on."""
    Place.writer = str(number)


def leave(number: int) -> None:
    """Forget what that worker was busy with; what it counted stays."""
    if Place.folder:
        mark_process_dead(number, Place.folder)


def _tidy_up(master: int) -> None:
    """Delete the folder when the master ends, or who outlived it."""
    if os.getppid() != master:
        shutil.rmtree(Place.folder, ignore_errors=True)


def gathered(own: CollectorRegistry) -> CollectorRegistry:
    """Return the figures of all workers, or of a process that is alone its own."""
    if not Place.folder:
        return own
    everybody = CollectorRegistry()
    MultiProcessCollector(everybody, Place.folder)
    return everybody
