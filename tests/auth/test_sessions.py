"""Users see where they are logged in, and end it."""

import pytest

from tests.backstage import another_session, count, later, run
from tests.support import PASSWORD, Client, refused

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
    """Return the same person, logged in by a program of this name."""
    again = Client(client.app, client.name)
    answer = again.post("auth/login", LOGIN, headers={"User-Agent": agent})
    again.user, again.tokens = client.user, answer.json
    return again


def session_of(client: Client) -> int:
    """Return the id of the session that asks."""
    items = client.get("auth/sessions").json["items"]
    (current,) = [one["id"] for one in items if one["current"]]
    return int(current)


def test_a_session_shows_where_and_when_it_was_begun(ann: Client) -> None:
    phone = from_device(ann, "phone/1.0")

    shown = phone.get("auth/sessions").json["items"][0]

    assert set(shown) == SHOWN
    assert (shown["ip"], shown["user_agent"]) == ("127.0.0.1", "phone/1.0")
    assert max(shown["created_at"], shown["last_used_at"]) < shown["expires_at"]


def test_the_session_that_asks_is_marked(ann: Client) -> None:
    another_session(ann)

    answer = ann.get("auth/sessions?include_total=true").json

    assert [one["current"] for one in answer["items"]] == [False, True]
    assert answer["total"] == 2


def test_nobody_sees_sessions_of_someone_else(ann: Client, bob: Client) -> None:
    items = bob.get("auth/sessions").json["items"]

    assert [one["id"] for one in items] == [session_of(bob)]


def test_sessions_come_in_pages(ann: Client) -> None:
    another_session(ann)

    first = ann.get("auth/sessions?limit=1").json
    second = ann.get(f"auth/sessions?limit=1&cursor={first['next_cursor']}").json

    assert [first["items"][0]["current"], second["items"][0]["current"]] == [
        False,
        True,
    ]
    assert second["next_cursor"] is None


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
def test_an_odd_program_name_is_cut(ann: Client, agent: str, shown: str) -> None:
    device = from_device(ann, agent)

    kept = device.get("auth/sessions").json["items"][0]["user_agent"]

    assert kept == shown


def test_a_program_without_a_name_logs_in(ann: Client) -> None:
    device = from_device(ann, "")

    answer = device.get("auth/sessions")

    assert answer.status_code == 200
    assert not answer.json["items"][0]["user_agent"]


def test_one_session_is_ended_and_the_others_live(ann: Client) -> None:
    phone, laptop = another_session(ann), another_session(ann)

    answer = ann.delete(f"auth/sessions/{session_of(phone)}")

    assert (answer.status_code, answer.data) == (204, b"")
    refused(phone.get("users/me"), 401, "session-revoked")
    assert laptop.get("users/me").json == ann.get("users/me").json == ann.user


def test_an_ended_session_refreshes_nothing(ann: Client) -> None:
    phone = another_session(ann)
    ann.delete(f"auth/sessions/{session_of(phone)}")

    answer = phone.post(
        "auth/refresh", {"refresh_token": phone.tokens["refresh_token"]}
    )

    refused(answer, 401, "session-revoked")


def test_a_session_can_end_itself(ann: Client) -> None:
    answer = ann.delete(f"auth/sessions/{session_of(ann)}")

    assert answer.status_code == 204
    refused(ann.get("users/me"), 401, "session-revoked")


def test_a_session_of_someone_else_does_not_exist(ann: Client, bob: Client) -> None:
    theirs = bob.delete(f"auth/sessions/{session_of(ann)}")
    absent = bob.delete(f"auth/sessions/{2**60}")

    problem = refused(theirs, 404, "not-found")
    assert problem["detail"] == refused(absent, 404, "not-found")["detail"]
    assert ann.get("users/me").json == ann.user


def test_a_session_ends_once(ann: Client) -> None:
    phone = session_of(another_session(ann))
    ann.delete(f"auth/sessions/{phone}")

    answer = ann.delete(f"auth/sessions/{phone}")

    refused(answer, 404, "not-found")


def test_an_operator_ends_all_sessions_of_one_account(ann: Client, bob: Client) -> None:
    run(ann.app, "sessions", "end", "ann@example.org")

    refused(ann.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


@pytest.mark.parametrize(
    ("seconds", "noted"), [(4 * MINUTE, False), (6 * MINUTE, True)], ids=["4", "6"]
)
def test_the_use_of_a_session_is_noted_every_five_minutes_at_most(
    ann: Client, seconds: int, *, noted: bool
) -> None:
    before = ann.get("auth/sessions").json["items"][0]["last_used_at"]

    with later(seconds):
        ann.get("tasks/1")
        after = ann.get("auth/sessions").json["items"][0]["last_used_at"]

    assert (after > before) is noted


def test_sessions_that_nothing_can_go_on_with_are_purged(ann: Client) -> None:
    with later(8 * 24 * 3600):
        run(ann.app, "purge")

    assert count(ann.app, "sessions") == 0


def test_living_sessions_are_not_purged(ann: Client) -> None:
    run(ann.app, "purge")

    assert ann.get("users/me").json == ann.user
