"""What happens behind the API's back: commands, stored rows, time and crowds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any, TypeVar
from unittest.mock import patch

import time_machine
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import delete, func, select, update

from taskapi import clock, db
from taskapi.api_keys.models import ApiKey
from taskapi.auth.models import Session
from taskapi.mail.models import OutgoingEmail
from taskapi.recovery.models import EmailToken
from taskapi.tasks.models import Task
from taskapi.users.models import LoginAttempts, User
from tests.support import Client

T = TypeVar("T")
SECONDS_TO_MEET = 10
SECONDS_TO_WAIT = 0.3
ROWS = {
    "users": User,
    "sessions": Session,
    "tasks": Task,
    "letters": OutgoingEmail,
    "tokens": EmailToken,
    "counts": LoginAttempts,
    "keys": ApiKey,
}


def run(app: Flask, *words: str) -> str:
    """Run `flask` with these words, as an operator does, and return what it says."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def stored_user(client: Client) -> Any:
    """Return the row of a client's account."""
    with client.app.app_context():
        return db.read(select(User.__table__).where(User.id == client.user["id"]))[0]


def store_user(client: Client, **values: Any) -> None:
    """Write into the row of a client's account."""
    statement = update(User).where(User.id == client.user["id"]).values(**values)
    with client.app.app_context(), db.transaction():
        db.session.execute(statement)


def count(app: Flask, table: str) -> int:
    """Count the rows of a table."""
    with app.app_context():
        counted = db.read(select(func.count()).select_from(ROWS[table]))
    return int(counted[0][0])


def empty_tables(app: Flask) -> None:
    """Delete what was stored: accounts with all that is theirs, counts and letters."""
    with app.app_context(), db.transaction():
        for table in (User, LoginAttempts, OutgoingEmail):
            db.session.execute(delete(table))


def refresh_id(client: Client) -> str:
    """Return the id of the one refresh token that is good in a client's session."""
    statement = select(Session.refresh_id).where(Session.user_id == client.user["id"])
    with client.app.app_context():
        ((stored,),) = db.read(statement)
    return str(stored)


def another_session(client: Client) -> Client:
    """Return the same person, logged in once more."""
    again = Client(client.app, client.name)
    again.user = client.user
    return again.log_in()


def limited(client: Client, app: Flask) -> Client:
    """Return the same caller at another app."""
    other = Client(app, client.name)
    other.user, other.tokens = client.user, client.tokens
    return other


def later(seconds: float) -> time_machine.travel:
    """Return the moment so many seconds from now, to be entered by `with`."""
    return at(clock.now().timestamp() + seconds)


def at(timestamp: float) -> time_machine.travel:
    """Return a moment, to be entered by `with`; time stands still there."""
    return time_machine.travel(timestamp, tick=False)


def days(number: int) -> float:
    """Return how many seconds so many days have."""
    return timedelta(days=number).total_seconds()


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Make all calls at the same time, each in a thread of its own."""
    start = Barrier(len(calls))

    def call_together(call: Callable[[], T]) -> T:
        start.wait(SECONDS_TO_MEET)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call_together, calls))


@contextmanager
def meeting(app: Flask, statement: str) -> Iterator[None]:
    """Let two requests wait for each other before a statement, if they get so far."""
    barrier = Barrier(2)

    def wait(text: str, _values: object = None) -> None:
        if text.startswith(statement):
            with suppress(BrokenBarrierError):
                barrier.wait(SECONDS_TO_WAIT)

    with hearing(app, wait):
        yield


@contextmanager
def hearing(app: Flask, heard: Callable[..., None]) -> Iterator[None]:
    """Tell of each statement that goes to the driver, whoever sends it."""
    with app.app_context():
        dialect = db.database.engine.dialect
    ways = ("do_execute", "do_executemany", "do_execute_no_params")
    with ExitStack() as stack:
        for name in ways:
            way = getattr(dialect, name)
            stack.enter_context(patch.object(dialect, name, _told(way, heard)))
        yield


def _told(send: Callable[..., None], heard: Callable[..., None]) -> Callable[..., None]:
    def told(cursor: Any, statement: str, *more: Any) -> None:
        heard(statement, *more[:1])
        send(cursor, statement, *more)

    return told
