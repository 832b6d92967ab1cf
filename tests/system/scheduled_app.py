"""An app for gunicorn that tells how many requests it was at work for at once."""

import time
from collections.abc import Callable
from threading import Barrier
from typing import Any

from taskapi.server.scheduling import release_slot

COMPUTING_SECONDS = 0.003
GUESTS = 4
SECONDS_TO_MEET = 10

barrier = Barrier(GUESTS)
at_work: list[None] = []


def compute() -> None:
    """Use the processor, and give others the chance to compete for it."""
    until = time.perf_counter() + COMPUTING_SECONDS
    while time.perf_counter() < until:
        time.sleep(0)


def meet() -> None:
    """Wait for others who come here."""
    barrier.wait(SECONDS_TO_MEET)


def release_and_meet() -> None:
    """Wait for others, and say so."""
    release_slot()
    meet()


WAYS = {"/compute": compute, "/meet": meet, "/release": release_and_meet}


def app(sent: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Do what the path says."""
    at_work.append(None)
    together = len(at_work)
    try:
        WAYS.get(sent["PATH_INFO"], time.time)()
    finally:
        at_work.pop()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(together).encode()]
