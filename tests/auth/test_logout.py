"""Who logs out is out at once."""

from typing import Any

import pytest

from tests.auth.forging import INVALID_TOKEN
from tests.backstage import another_session, count
from tests.support import Client, faults, refused

UNREADABLE: dict[str, tuple[Any, dict[str, str]]] = {
    "yes": ({"all": "yes"}, {"#/all": "type"}),
    "true-as-text": ({"all": "true"}, {"#/all": "type"}),
    "one": ({"all": 1}, {"#/all": "type"}),
    "zero": ({"all": 0}, {"#/all": "type"}),
    "float": ({"all": 1.0}, {"#/all": "type"}),
    "list": ({"all": []}, {"#/all": "type"}),
    "null": ({"all": None}, {"#/all": "null"}),
    "name-of-the-code": ({"everywhere": True}, {"#/everywhere": "unknown"}),
    "no-object": ([], {"#": "type"}),
    "bare-true": (True, {"#": "type"}),
}


def test_a_logout_has_nothing_to_say(ann: Client) -> None:
    answer = ann.post("auth/logout")

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_an_access_token_dies_with_its_session(ann: Client) -> None:
    before = ann.get("users/me")

    ann.post("auth/logout")

    after = ann.get("users/me")
    assert before.status_code == 200
    refused(after, 401, "session-revoked")
    assert after.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_who_has_logged_out_cannot_do_it_twice(ann: Client) -> None:
    ann.post("auth/logout")

    answer = ann.post("auth/logout")

    refused(answer, 401, "session-revoked")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"json": {}},
        {"json": {"all": False}},
    ],
    ids=["no-body", "empty-object", "not-all"],
)
def test_a_logout_ends_its_own_session_alone(
    ann: Client, options: dict[str, Any]
) -> None:
    other = another_session(ann)

    answer = ann.call("POST", "auth/logout", **options)

    assert answer.status_code == 204
    refused(ann.get("users/me"), 401, "session-revoked")
    assert other.get("users/me").json == ann.user


def test_a_logout_from_everywhere_ends_every_session_of_the_user(
    ann: Client, bob: Client
) -> None:
    other = another_session(ann)

    answer = ann.post("auth/logout", {"all": True})

    assert answer.status_code == 204
    refused(ann.get("users/me"), 401, "session-revoked")
    refused(other.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


def test_who_has_logged_out_logs_in_again(ann: Client) -> None:
    ann.post("auth/logout", {"all": True})

    again = another_session(ann)

    assert again.get("users/me").json == ann.user
    assert count(ann.app, "sessions") == 1


@pytest.mark.parametrize(("body", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_logout_that_cannot_be_read_ends_nothing(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    answer = ann.post("auth/logout", body)

    assert faults(answer) == expected
    assert ann.get("users/me").json == ann.user


def test_a_logout_reads_no_form(ann: Client) -> None:
    answer = ann.call("POST", "auth/logout", data={"all": "true"})

    refused(answer, 415, "unsupported-media-type")
    assert ann.get("users/me").json == ann.user
