"""What a worker does beside its requests: it sends letters, and purges once a day."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import structlog
from flask import Flask

from taskapi import db
from taskapi.auth import service as sessions
from taskapi.errors import Unavailable
from taskapi.idempotency import service as answers
from taskapi.keys import service as keys
from taskapi.mail import service as outbox
from taskapi.recovery import service as recovery
from taskapi.recovery import texts
from taskapi.tasks import trash
from taskapi.users import guessing
from taskapi.web.settings import settings

log = structlog.get_logger()

POLL_SECONDS = 60
PAUSE_MS = 500
FIRST_PURGE_SECONDS = 15 * 60
DAY_SECONDS = 24 * 60 * 60


def _empty_trash() -> int:
    return trash.purge(timedelta(days=settings.trash_days))


PURGES: dict[str, Callable[[], int]] = {
    "sessions": sessions.purge,
    "API keys": keys.purge,
    "counts": guessing.purge,
    "mailed tokens": recovery.purge,
    "letters": outbox.purge,
    "kept answers": answers.purge,
    "tasks in the trash": _empty_trash,
}


def start(app: Flask) -> None:
    """Begin to work in a thread of this process; it ends with the process."""
    Thread(target=_work, args=(app,), name="background", daemon=True).start()


def send() -> int:
    """Send the letters that are due; return how many went."""
    return outbox.drain(texts.compose)


def purge() -> dict[str, int]:
    """Delete what is over; return how much of each kind that was."""
    return {name: delete() for name, delete in PURGES.items()}


def turn(app: Flask, purge_at: float) -> float:
    """Do what there is to do, whatever fails; return when to purge next."""
    _attempt(app, send)
    if time.monotonic() < purge_at:
        return purge_at
    _attempt(app, purge)
    return time.monotonic() + DAY_SECONDS


def _work(app: Flask) -> None:
    purge_at = time.monotonic() + FIRST_PURGE_SECONDS
    while True:
        purge_at = turn(app, purge_at)
        outbox.posted.wait(POLL_SECONDS)
        outbox.posted.clear()
        # so that no answer is later where there is somebody to write to
        time.sleep(secrets.randbelow(PAUSE_MS) / 1000)


def _attempt(app: Flask, job: Callable[[], object]) -> None:
    try:
        with app.app_context(), db.transaction():
            job()
    except Unavailable:
        log.warning("background work put off", job=job.__name__)
    except Exception:
        log.exception("background work failed", job=job.__name__)
