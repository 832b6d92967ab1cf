"""Writes that require a password have no effect after the password changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask, current_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db, passwords
from taskapi.mail.models import Kind
from taskapi.recovery import service as recovery
from taskapi.users.models import User
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, another_session
from tests.helpers.rows import count, stored_user

EMAIL = "ann@example.org"
ATTACKER_PASSWORD = "the password of an attacker"
NEW_PASSWORD = "an evening at the sea"
Event = Callable[[Client], object]
Write = Callable[[Client], TestResponse]


def in_another_worker(event: Callable[[], object]) -> None:
    """Run an event in a thread with its own hash queue, like another worker."""
    own = patch.object(
        current_app.extensions["passwords"], "queue", passwords.HashQueue()
    )
    with own, ThreadPoolExecutor(1) as pool:
        pool.submit(event).result()


@pytest.fixture
def after_password_check(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[], Any]], None]:
    """Return a function that runs an event once, after the next password check."""
    matching_form = passwords.matching_form
    events: list[Callable[[], object]] = []

    def match(stored: str | None, password: str) -> str | None:
        form = matching_form(stored, password)
        while events:
            in_another_worker(events.pop())
        return form

    monkeypatch.setattr(passwords, "matching_form", match)
    return events.append


def reset(ann: Client) -> None:
    with ann.app.app_context(), db.transaction():
        token = recovery.issue(Kind.RESET, EMAIL)
    body = {"token": token, "new_password": NEW_PASSWORD}
    response = Client(ann.app).post("auth/password-reset/complete", body)
    assert response.status_code == 204


def change_elsewhere(ann: Client) -> None:
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert another_session(ann).post("auth/password", change).status_code == 204


def change_here(ann: Client) -> None:
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert ann.post("auth/password", change).status_code == 204


PASSWORD_EVENTS: dict[str, Event] = {
    "reset": reset,
    "change in another session": change_elsewhere,
    "change in the same session": change_here,
    "reset by the operator": lambda ann: run(
        ann.app, "users", "reset-password", EMAIL, "--password", NEW_PASSWORD
    ),
}
SESSION_EVENTS: dict[str, Event] = {
    "logout": lambda ann: ann.post("auth/logout"),
    "logout everywhere": lambda ann: ann.post("auth/logout", {"all": True}),
    "end of sessions": lambda ann: run(ann.app, "sessions", "end", EMAIL),
    "deactivation": lambda ann: run(ann.app, "users", "deactivate", EMAIL),
}
WRITES: dict[str, Write] = {
    "password": lambda ann: ann.post(
        "auth/password",
        {"current_password": PASSWORD, "new_password": ATTACKER_PASSWORD},
    ),
    "email": lambda ann: ann.patch(
        "users/me", {"email": "attacker@example.org", "current_password": PASSWORD}
    ),
    "deletion": lambda ann: ann.delete("users/me", {"password": PASSWORD}),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("event", PASSWORD_EVENTS.values(), ids=PASSWORD_EVENTS)
def test_write_has_no_effect_after_the_checked_password_changed(
    ann: Client, after_password_check: Any, event: Event, write: Write
) -> None:
    after_password_check(lambda: event(ann))

    response = write(ann)

    assert response.status_code == 401
    assert stored_user(ann).email == EMAIL
    assert Client(ann.app, "ann").log_in(NEW_PASSWORD).tokens


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("event", SESSION_EVENTS.values(), ids=SESSION_EVENTS)
def test_write_has_no_effect_after_the_session_ended(
    ann: Client, after_password_check: Any, event: Event, write: Write
) -> None:
    before = stored_user(ann).password_hash
    after_password_check(lambda: event(ann))

    response = write(ann)

    assert response.status_code == 401
    assert stored_user(ann).email == EMAIL
    assert stored_user(ann).password_hash == before


@pytest.mark.parametrize("event", PASSWORD_EVENTS.values(), ids=PASSWORD_EVENTS)
def test_login_creates_no_session_after_the_password_changed(
    ann: Client, after_password_check: Any, event: Event
) -> None:
    after_password_check(lambda: event(ann))

    response = Client(ann.app).post(
        "auth/login", {"email": EMAIL, "password": PASSWORD}
    )

    assert response.status_code == 401


def test_parallel_logins_succeed_while_the_hash_is_renewed(
    ann: Client, app_with: Callable[..., Flask], after_password_check: Any
) -> None:
    stricter = app_with(bcrypt_rounds=5)
    login = {"email": EMAIL, "password": PASSWORD}
    statuses: list[int] = []
    after_password_check(
        lambda: statuses.append(Client(stricter).post("auth/login", login).status_code)
    )

    statuses.append(Client(stricter).post("auth/login", login).status_code)

    assert statuses == [200, 200]
    assert stored_user(ann).password_hash.startswith("$2b$05$")


def test_renewed_hash_does_not_undo_a_password_change(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hash = passwords.make_hash
    events = [lambda: reset(ann)]

    def hash_then_run_event(password: str) -> str:
        hashed = make_hash(password)
        while events:
            in_another_worker(events.pop())
        return hashed

    monkeypatch.setattr(passwords, "is_outdated", lambda *_args: bool(events))
    monkeypatch.setattr(passwords, "make_hash", hash_then_run_event)

    response = Client(ann.app).post(
        "auth/login", {"email": EMAIL, "password": PASSWORD}
    )

    assert response.status_code == 401
    assert Client(ann.app, "ann").log_in(NEW_PASSWORD).tokens


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("begin", ["login", "key"])
def test_password_reset_waits_for_credentials_being_created(
    ann: Client, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL would not see rows of another transaction that commits later."""
    blocked: list[bool] = []

    def record_lock(*_event: Any, **_fields: Any) -> None:
        if not blocked:
            blocked.append(is_locked(ann))

    module = "auth.login" if begin == "login" else "api_keys.creation"
    monkeypatch.setattr(f"taskapi.{module}.log.info", record_lock)
    if begin == "login":
        Client(ann.app, "ann").log_in()
    else:
        assert ann.post("api-keys", {"name": "backup"}).status_code == 201

    assert blocked == [True]


def is_locked(ann: Client) -> bool:
    """Return whether another transaction has locked the row of an account."""
    row = select(User.id).where(User.id == ann.user["id"])
    statement = row.with_for_update(skip_locked=True, key_share=True)
    with ann.app.app_context(), db.database.engine.connect() as other:
        return other.execute(statement).one_or_none() is None


def test_failed_writes_leave_no_session(ann: Client, after_password_check: Any) -> None:
    after_password_check(lambda: reset(ann))

    Client(ann.app).post("auth/login", {"email": EMAIL, "password": PASSWORD})

    assert count(ann.app, "sessions") == 0
