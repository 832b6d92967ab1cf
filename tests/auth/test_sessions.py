"""Sessions: listing, ending, recorded use and purge."""

import pytest

from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, another_session, assert_problem
from tests.helpers.clock import later
from tests.helpers.rows import count

SHOWN = {
    "id",
    "created_at",
    "last_used_at",
    "expires_at",
    "ip",
    "user_agent",
    "current",
}
LOGIN = {"email": "ann@example.org", "password": PASSWORD}
MINUTE = 60


def from_device(client: Client, agent: str) -> Client:
    """Return a client of the same account that logs in with this user agent."""
    again = Client(client.app, client.name)
    response = again.post("auth/login", LOGIN, headers={"User-Agent": agent})
    again.user, again.tokens = client.user, response.json
    return again


def session_of(client: Client) -> int:
    """Return the id of the session of the request."""
    items = client.get("auth/sessions").json["items"]
    (current,) = [one["id"] for one in items if one["current"]]
    return int(current)


def test_session_shows_its_client_and_times(ann: Client) -> None:
    phone = from_device(ann, "phone/1.0")

    shown = phone.get("auth/sessions").json["items"][0]

    assert set(shown) == SHOWN
    assert (shown["ip"], shown["user_agent"]) == ("127.0.0.1", "phone/1.0")
    assert max(shown["created_at"], shown["last_used_at"]) < shown["expires_at"]


def test_current_session_is_marked(ann: Client) -> None:
    another_session(ann)

    response = ann.get("auth/sessions?include_total=true").json

    assert [one["current"] for one in response["items"]] == [False, True]
    assert response["total"] == 2


def test_list_contains_only_own_sessions(ann: Client, bob: Client) -> None:
    items = bob.get("auth/sessions").json["items"]

    assert [one["id"] for one in items] == [session_of(bob)]


def test_sessions_are_paginated(ann: Client) -> None:
    another_session(ann)

    first = ann.get("auth/sessions?limit=1").json
    second = ann.get(f"auth/sessions?limit=1&cursor={first['next_cursor']}").json

    assert [first["items"][0]["current"], second["items"][0]["current"]] == [
        False,
        True,
    ]
    assert second["next_cursor"] is None


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("a" * 300, "a" * 300),
        ("a" * 301, "a" * 300),
        ("a" * 5000, "a" * 300),
        ("caf\xe9", "caf?"),
        ("<script>", "<script>"),
    ],
    ids=["long", "longer", "endless", "accent", "markup"],
)
def test_unusual_user_agent_is_truncated(ann: Client, agent: str, shown: str) -> None:
    device = from_device(ann, agent)

    kept = device.get("auth/sessions").json["items"][0]["user_agent"]

    assert kept == shown


@pytest.mark.one_database
def test_login_without_user_agent_succeeds(ann: Client) -> None:
    device = from_device(ann, "")

    response = device.get("auth/sessions")

    assert response.status_code == 200
    assert not response.json["items"][0]["user_agent"]


def test_ending_a_session_keeps_the_others(ann: Client) -> None:
    phone, laptop = another_session(ann), another_session(ann)

    response = ann.delete(f"auth/sessions/{session_of(phone)}")

    assert (response.status_code, response.data) == (204, b"")
    assert_problem(phone.get("users/me"), 401, "session-revoked")
    assert laptop.get("users/me").json == ann.get("users/me").json == ann.user


def test_ended_session_is_not_refreshed(ann: Client) -> None:
    phone = another_session(ann)
    ann.delete(f"auth/sessions/{session_of(phone)}")

    response = phone.post(
        "auth/refresh", {"refresh_token": phone.tokens["refresh_token"]}
    )

    assert_problem(response, 401, "session-revoked")


def test_session_can_end_itself(ann: Client) -> None:
    response = ann.delete(f"auth/sessions/{session_of(ann)}")

    assert response.status_code == 204
    assert_problem(ann.get("users/me"), 401, "session-revoked")


def test_session_of_another_account_is_not_found(ann: Client, bob: Client) -> None:
    theirs = bob.delete(f"auth/sessions/{session_of(ann)}")
    absent = bob.delete(f"auth/sessions/{2**60}")

    problem = assert_problem(theirs, 404, "not-found")
    assert problem["detail"] == assert_problem(absent, 404, "not-found")["detail"]
    assert ann.get("users/me").json == ann.user


def test_session_ends_once(ann: Client) -> None:
    phone = session_of(another_session(ann))
    ann.delete(f"auth/sessions/{phone}")

    response = ann.delete(f"auth/sessions/{phone}")

    assert_problem(response, 404, "not-found")


def test_command_ends_all_sessions_of_one_account(ann: Client, bob: Client) -> None:
    run(ann.app, "sessions", "end", "ann@example.org")

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


@pytest.mark.parametrize(
    ("seconds", "recorded"), [(4 * MINUTE, False), (6 * MINUTE, True)], ids=["4", "6"]
)
def test_use_is_recorded_at_most_every_five_minutes(
    ann: Client, seconds: int, *, recorded: bool
) -> None:
    before = ann.get("auth/sessions").json["items"][0]["last_used_at"]

    with later(seconds):
        ann.get("tasks/1")
        after = ann.get("auth/sessions").json["items"][0]["last_used_at"]

    assert (after > before) is recorded


def test_expired_sessions_are_purged(ann: Client) -> None:
    with later(8 * 24 * 3600):
        run(ann.app, "purge")

    assert count(ann.app, "sessions") == 0


def test_active_sessions_are_not_purged(ann: Client) -> None:
    run(ann.app, "purge")

    assert ann.get("users/me").json == ann.user
