"""Background work of each worker: due emails, and the purge of expired rows."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

import structlog
from flask import Flask, request

from taskapi import db
from taskapi.admin import first_admin
from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.errors import Unavailable
from taskapi.idempotency import service as stored_responses
from taskapi.invitations import service as invitations
from taskapi.invitations import templates as invitation_templates
from taskapi.mail import service as mail
from taskapi.mail.models import EmailRow, Kind
from taskapi.mail.smtp import Content
from taskapi.projects import trash as project_trash
from taskapi.recovery import service as recovery
from taskapi.recovery import templates
from taskapi.server.command_line import flask_command
from taskapi.system import service as system
from taskapi.tasks import trash
from taskapi.users import deletion, throttling
from taskapi.web.settings import settings

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()
lock = Lock()

FLASK_RUN = "werkzeug.socket"
"""A key of the WSGI environment that only the server of `flask run` sets."""

POLL_SECONDS = 60
POLL_SECONDS_UNTIL_READY = 10
MAX_DELAY_MS = 500
FREQUENT_SECONDS = 15 * 60
PURGE_SECONDS = 24 * 60 * 60


class Schedule(NamedTuple):
    """Times of the next purges, on the monotonic clock.

    Some rows are purged more often: clients create many of them, and they expire soon.
    """

    frequent: float
    everything: float


def _empty_trash() -> int:
    return trash.purge(timedelta(days=settings.trash_days))


def _empty_trash_of_projects() -> int:
    return project_trash.purge(timedelta(days=settings.trash_days))


PURGES: dict[str, Callable[[], int]] = {
    "deleted accounts": deletion.purge,
    "sessions": sessions.purge,
    "API keys": keys.purge,
    "login attempts": throttling.purge,
    "email tokens": recovery.purge,
    "invitations": invitations.purge,
    "outgoing emails": mail.purge,
    "stored responses": stored_responses.purge,
    "rows of deleted projects": _empty_trash_of_projects,
    "tasks deleted permanently": trash.purge_marked,
    "tasks in the trash": _empty_trash,
}
FREQUENT = ("login attempts", "stored responses")


def init_app(app: Flask, settings: "Settings") -> None:
    """Start the thread with the first request of `flask run`, which has no workers."""
    if settings.environment == "development":
        app.before_request(partial(_start_once, app))


def start(app: Flask, *, is_first: bool = True) -> None:
    """Start the maintenance thread, which ends with the process.

    Only the first worker of a server logs what an operator should do.
    """
    app.extensions["maintenance"] = thread = Thread(
        target=partial(_work, app, is_first=is_first), name="maintenance", daemon=True
    )
    thread.start()


def _start_once(app: Flask) -> None:
    with lock:
        if FLASK_RUN in request.environ and "maintenance" not in app.extensions:
            start(app)


def send() -> int:
    """Send the emails that are due; return their number."""
    return mail.send_due(_compose)


def _compose(email: EmailRow) -> Content | None:
    if email.kind == Kind.INVITATION:
        return invitation_templates.compose(email)
    return templates.compose(email)


def purge() -> dict[str, int]:
    """Delete expired rows; return the number of each kind."""
    return {name: delete() for name, delete in PURGES.items()}


def prepare(app: Flask, *, is_first: bool = True) -> bool:
    """Create the first administrator; return whether the database is usable.

    The first worker logs the commands that migrate the database and create an
    administrator, if they are missing.
    """
    with app.app_context():
        state = system.checks()
    is_running = state.get("database") == "ok"
    if is_running and state["migrations"] == "failed":
        if is_first:
            log.error("database is not migrated", command=flask_command("db upgrade"))
        return False
    is_prepared = _attempt(app, first_admin.create)
    if is_prepared and is_first:
        _attempt(app, first_admin.warn)
    return is_prepared or is_running


def run_due(app: Flask, schedule: Schedule) -> Schedule:
    """Do the work that is due; return the times of the next purges.

    A job that fails is logged and stops no other job.
    """
    _attempt(app, send)
    _attempt(app, deletion.purge)
    _attempt(app, project_trash.purge_marked)
    _attempt(app, trash.purge_marked)
    now = time.monotonic()
    if now >= schedule.everything:
        for job in PURGES.values():
            _attempt(app, job)
        return Schedule(now + FREQUENT_SECONDS, now + PURGE_SECONDS)
    if now >= schedule.frequent:
        for name in FREQUENT:
            _attempt(app, PURGES[name])
        return schedule._replace(frequent=now + FREQUENT_SECONDS)
    return schedule


def _work(app: Flask, *, is_first: bool) -> None:
    first = time.monotonic() + FREQUENT_SECONDS
    schedule = Schedule(first, first)
    is_prepared = False
    while True:
        is_prepared = is_prepared or prepare(app, is_first=is_first)
        if is_prepared:
            schedule = run_due(app, schedule)
        seconds = POLL_SECONDS if is_prepared else POLL_SECONDS_UNTIL_READY
        mail.work_available.wait(seconds)
        mail.work_available.clear()
        # random: otherwise responses to requests that send an email would be slower
        time.sleep(secrets.randbelow(MAX_DELAY_MS) / 1000)


def _attempt(app: Flask, job: Callable[[], object]) -> bool:
    """Run a job; return whether it succeeded."""
    try:
        with app.app_context(), db.transaction():
            job()
    except Unavailable:
        log.warning("maintenance postponed", job=_name(job))
    except Exception:
        log.exception("maintenance failed", job=_name(job))
    else:
        return True
    return False


def _name(job: Callable[[], object]) -> str:
    return f"{job.__module__.removeprefix('taskapi.')}.{job.__name__}"
