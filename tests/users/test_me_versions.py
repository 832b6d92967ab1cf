"""Who names the version that they change overwrites nobody's work."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.backstage import at_once
from tests.support import Client, refused

CHANGE = {"full_name": "Ann"}

both_verbs = pytest.mark.parametrize("verb", ["PATCH", "PUT"])


@both_verbs
@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_a_change_of_the_version_that_was_read_is_made(
    ann: Client, verb: str, tag: str
) -> None:
    answer = ann.call(verb, "users/me", json=CHANGE, headers={"If-Match": tag})

    assert (answer.status_code, answer.json["full_name"]) == (200, "Ann")
    assert answer.headers["ETag"] == '"2"'


@both_verbs
@pytest.mark.parametrize(
    "tag",
    [
        '"2"',
        '"0"',
        '"-1"',
        '"01"',
        '"1.0"',
        '"11"',
        '"\u0661"'.encode().decode("latin-1"),
        'W/"2"',
        '"2", "3"',
        "garbage",
        '"garbage"',
        '"',
        '""',
        "",
        '"2147483648"',
        '"999999999999999999"',
        f'"{"9" * 30}"',
    ],
    ids=ascii,
)
def test_a_change_of_another_version_is_refused(
    ann: Client, verb: str, tag: str
) -> None:
    answer = ann.call(verb, "users/me", json=CHANGE, headers={"If-Match": tag})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 1
    assert ann.get("users/me").json == ann.user


def test_a_refused_change_is_told_the_version_of_now(ann: Client) -> None:
    ann.patch("users/me", {"full_name": "Ann B."})

    answer = ann.patch("users/me", CHANGE, headers={"If-Match": '"1"'})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 2
    assert ann.get("users/me").json["full_name"] == "Ann B."


def test_a_change_of_nothing_names_its_version_too(ann: Client) -> None:
    answer = ann.patch("users/me", {}, headers={"If-Match": '"2"'})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 1


def test_the_etag_of_one_change_is_good_for_the_next(ann: Client) -> None:
    tag = ann.patch("users/me", CHANGE).headers["ETag"]

    answer = ann.patch("users/me", {"full_name": "B"}, headers={"If-Match": tag})

    assert (answer.status_code, answer.json["version"]) == (200, 3)


@both_verbs
def test_a_service_may_ask_every_change_to_name_its_version(
    ann: Client, twin: Callable[..., Flask], verb: str
) -> None:
    there = Client(twin(require_if_match=True))
    there.tokens = ann.tokens

    answer = there.call(verb, "users/me", json=CHANGE)

    refused(answer, 428, "precondition-required")
    assert ann.get("users/me").json == ann.user


@pytest.mark.parametrize("tag", ['"1"', "*"])
def test_who_names_a_version_is_served_where_it_is_asked_for(
    ann: Client, twin: Callable[..., Flask], tag: str
) -> None:
    there = Client(twin(require_if_match=True))
    there.tokens = ann.tokens

    answer = there.patch("users/me", CHANGE, headers={"If-Match": tag})

    assert answer.status_code == 200
    assert answer.json["full_name"] == "Ann"


def test_of_twelve_changes_of_one_version_at_once_one_is_made(ann: Client) -> None:
    def change(number: int) -> Callable[[], int]:
        body, match = {"full_name": f"Ann {number}"}, {"If-Match": '"1"'}
        return lambda: ann.patch("users/me", body, headers=match).status_code

    statuses = at_once(*map(change, range(12)))

    winner = statuses.index(200)
    now = ann.get("users/me").json
    assert sorted(statuses) == [200] + [412] * 11
    assert (now["full_name"], now["version"]) == (f"Ann {winner}", 2)


def test_of_twelve_changes_without_a_version_each_is_counted(ann: Client) -> None:
    def change(number: int) -> Callable[[], int]:
        body = {"full_name": f"Ann {number}"}
        return lambda: ann.patch("users/me", body).status_code

    statuses = at_once(*map(change, range(12)))

    assert statuses == [200] * 12
    assert ann.get("users/me").json["version"] == 13
