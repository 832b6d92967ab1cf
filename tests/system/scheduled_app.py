"""A WSGI app that returns how many requests it processes at the same time."""

import time
from collections.abc import Callable
from threading import Barrier
from typing import Any

from taskapi.server.scheduling import release_slot

COMPUTING_SECONDS = 0.003
MEETING_REQUESTS = 4
SECONDS_TO_MEET = 10

barrier = Barrier(MEETING_REQUESTS)
running: list[None] = []


def compute() -> None:
    """Use the CPU, and let other threads compete for it."""
    until = time.perf_counter() + COMPUTING_SECONDS
    while time.perf_counter() < until:
        time.sleep(0)


def meet() -> None:
    """Wait until other requests arrive here."""
    barrier.wait(SECONDS_TO_MEET)


def release_and_meet() -> None:
    """Release the slot, and wait for other requests."""
    release_slot()
    meet()


ACTIONS = {"/compute": compute, "/meet": meet, "/release": release_and_meet}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Run the action of the path."""
    running.append(None)
    concurrent = len(running)
    try:
        ACTIONS.get(environ["PATH_INFO"], time.time)()
    finally:
        running.pop()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(concurrent).encode()]
