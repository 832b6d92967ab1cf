"""Background work of each worker: due emails, and the purge of expired rows."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import NamedTuple

import structlog
from flask import Flask

from taskapi import db
from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.errors import Unavailable
from taskapi.idempotency import service as stored_responses
from taskapi.mail import service as outbox
from taskapi.recovery import service as recovery
from taskapi.recovery import templates
from taskapi.tasks import trash
from taskapi.users import deletion, throttling
from taskapi.web.settings import settings

log = structlog.get_logger()

POLL_SECONDS = 60
PAUSE_MS = 500
QUARTER_SECONDS = 15 * 60
DAY_SECONDS = 24 * 60 * 60


class Times(NamedTuple):
    """The next purge of failed logins, and of everything, on the monotonic clock.

    Clients without an account create counts of failed logins, and those expire soon.
    """

    counts: float
    everything: float


def _empty_trash() -> int:
    return trash.purge(timedelta(days=settings.trash_days))


PURGES: dict[str, Callable[[], int]] = {
    "deleted accounts": deletion.purge,
    "sessions": sessions.purge,
    "API keys": keys.purge,
    "login attempts": throttling.purge,
    "email tokens": recovery.purge,
    "outgoing emails": outbox.purge,
    "stored responses": stored_responses.purge,
    "tasks deleted permanently": trash.purge_marked,
    "tasks in the trash": _empty_trash,
}


def start(app: Flask) -> None:
    """Begin to work in a thread of this process; it ends with the process."""
    Thread(target=_work, args=(app,), name="background", daemon=True).start()


def send() -> int:
    """Send the letters that are due; return how many went."""
    return outbox.send_due(templates.compose)


def purge() -> dict[str, int]:
    """Delete what is over; return how much of each kind that was."""
    return {name: delete() for name, delete in PURGES.items()}


def turn(app: Flask, times: Times) -> Times:
    """Do the work that is due, whatever fails; return the times of the next purges."""
    _attempt(app, send)
    _attempt(app, deletion.purge)
    _attempt(app, trash.purge_marked)
    now = time.monotonic()
    if now >= times.everything:
        for job in PURGES.values():  # one that fails stops no other
            _attempt(app, job)
        return Times(now + QUARTER_SECONDS, now + DAY_SECONDS)
    if now >= times.counts:
        _attempt(app, throttling.purge)
        return times._replace(counts=now + QUARTER_SECONDS)
    return times


def _work(app: Flask) -> None:
    first = time.monotonic() + QUARTER_SECONDS
    times = Times(first, first)
    while True:
        times = turn(app, times)
        outbox.work_available.wait(POLL_SECONDS)
        outbox.work_available.clear()
        # so that no answer is later where there is somebody to write to
        time.sleep(secrets.randbelow(PAUSE_MS) / 1000)


def _attempt(app: Flask, job: Callable[[], object]) -> None:
    try:
        with app.app_context(), db.transaction():
            job()
    except Unavailable:
        log.warning("background work put off", job=_name(job))
    except Exception:
        log.exception("background work failed", job=_name(job))


def _name(job: Callable[[], object]) -> str:
    return f"{job.__module__.removeprefix('taskapi.')}.{job.__name__}"
