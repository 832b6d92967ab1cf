"""Security events: each is logged once, with the id of the account."""

from collections.abc import Callable

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, another_session
from tests.helpers.clock import later
from tests.helpers.rows import store_user

pytestmark = pytest.mark.one_database

WRONG = "a wrong password"
NEW = "an evening at the sea"
Act = Callable[[Client], object]


def log_in(client: Client, password: str = PASSWORD) -> None:
    client.post("auth/login", {"email": "ann@example.org", "password": password})


def attempt_login(client: Client) -> None:
    [log_in(client, WRONG) for _ in range(11)]


def replay(client: Client) -> None:
    old = {"refresh_token": client.tokens["refresh_token"]}
    client.post("auth/refresh", old)
    with later(11):
        client.post("auth/refresh", old)


def create_key(client: Client) -> None:
    client.post("api-keys", {"name": "backup"})


def revoke_key(client: Client) -> None:
    key = client.post("api-keys", {"name": "backup"}).json["id"]
    client.delete(f"api-keys/{key}")


def use_narrow_key(client: Client) -> None:
    key_client(client, "tasks:read").post("tasks", {"title": "Sow"})


def change_password(client: Client, current: str = PASSWORD) -> None:
    client.post("auth/password", {"current_password": current, "new_password": NEW})


def end_a_session(client: Client) -> None:
    another_session(client).post("auth/logout")


def disabled(client: Client) -> None:
    store_user(client, is_active=False)
    log_in(client)


def promote(client: Client) -> None:
    run(client.app, "users", "promote", "ann@example.org")


def deactivate(client: Client) -> None:
    run(client.app, "users", "deactivate", "ann@example.org")


ACTS: dict[str, Act] = {
    "login": log_in,
    "login failed": lambda client: log_in(client, WRONG),
    "login to a disabled account": disabled,
    "attempt limit reached": attempt_login,
    "refresh token replayed": replay,
    "session ended": end_a_session,
    "sessions ended": lambda client: client.post("auth/logout", {"all": True}),
    "password changed": change_password,
    "password check failed": lambda client: change_password(client, WRONG),
    "API key created": create_key,
    "API key revoked": revoke_key,
    "API keys revoked": deactivate,
    "insufficient scope": use_narrow_key,
    "account role or state changed": promote,
    "account deleted": lambda c: c.delete("users/me", {"password": PASSWORD}),
}


@pytest.mark.parametrize(("event", "act"), ACTS.items(), ids=ACTS)
def test_security_event_is_logged_once(ann: Client, event: str, act: Act) -> None:
    with capture_logs([merge_contextvars]) as lines:
        act(ann)

    found = [line for line in lines if line["event"] == event]
    assert [str(line["account_id"]) for line in found] == [str(ann.user["id"])]
    assert not [line for line in lines if "ann@" in str(line) or PASSWORD in str(line)]
