"""Changes of the own account with a version lose no update."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently

CHANGE = {"full_name": "Ann"}

both_verbs = pytest.mark.parametrize("verb", ["PATCH", "PUT"])


@pytest.mark.one_database
@both_verbs
@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_change_with_the_current_version_succeeds(
    ann: Client, verb: str, tag: str
) -> None:
    response = ann.call(verb, "users/me", json=CHANGE, headers={"If-Match": tag})

    assert (response.status_code, response.json["full_name"]) == (200, "Ann")
    assert response.headers["ETag"] == '"2"'


@pytest.mark.one_database
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
def test_change_with_another_version_is_rejected(
    ann: Client, verb: str, tag: str
) -> None:
    response = ann.call(verb, "users/me", json=CHANGE, headers={"If-Match": tag})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 1
    assert ann.get("users/me").json == ann.user


def test_rejected_change_returns_the_current_version(ann: Client) -> None:
    ann.patch("users/me", {"full_name": "Ann B."})

    response = ann.patch("users/me", CHANGE, headers={"If-Match": '"1"'})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 2
    assert ann.get("users/me").json["full_name"] == "Ann B."


def test_change_without_effect_checks_the_version_too(ann: Client) -> None:
    response = ann.patch("users/me", {}, headers={"If-Match": '"2"'})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 1


def test_etag_of_a_change_is_valid_for_the_next(ann: Client) -> None:
    tag = ann.patch("users/me", CHANGE).headers["ETag"]

    response = ann.patch("users/me", {"full_name": "B"}, headers={"If-Match": tag})

    assert (response.status_code, response.json["version"]) == (200, 3)


@both_verbs
def test_version_can_be_required_by_setting(
    ann: Client, app_with: Callable[..., Flask], verb: str
) -> None:
    there = Client(app_with(require_if_match=True))
    there.tokens = ann.tokens

    response = there.call(verb, "users/me", json=CHANGE)

    assert_problem(response, 428, "precondition-required")
    assert ann.get("users/me").json == ann.user


@pytest.mark.parametrize("tag", ['"1"', "*"])
def test_change_with_a_version_succeeds_where_it_is_required(
    ann: Client, app_with: Callable[..., Flask], tag: str
) -> None:
    there = Client(app_with(require_if_match=True))
    there.tokens = ann.tokens

    response = there.patch("users/me", CHANGE, headers={"If-Match": tag})

    assert response.status_code == 200
    assert response.json["full_name"] == "Ann"


def test_one_of_twelve_concurrent_changes_with_a_version_succeeds(ann: Client) -> None:
    def change(number: int) -> Callable[[], int]:
        body, match = {"full_name": f"Ann {number}"}, {"If-Match": '"1"'}
        return lambda: ann.patch("users/me", body, headers=match).status_code

    statuses = run_concurrently(*map(change, range(12)))

    winner = statuses.index(200)
    now = ann.get("users/me").json
    assert sorted(statuses) == [200] + [412] * 11
    assert (now["full_name"], now["version"]) == (f"Ann {winner}", 2)


def test_each_of_twelve_concurrent_changes_without_a_version_counts(
    ann: Client,
) -> None:
    def change(number: int) -> Callable[[], int]:
        body = {"full_name": f"Ann {number}"}
        return lambda: ann.patch("users/me", body).status_code

    statuses = run_concurrently(*map(change, range(12)))

    assert statuses == [200] * 12
    assert ann.get("users/me").json["version"] == 13
