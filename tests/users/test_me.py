"""Reading the own account."""

import pytest

from tests.auth.token_signing import INVALID_TOKEN
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem


def test_account_is_returned_with_its_version_as_etag(ann: Client) -> None:
    response = ann.get("users/me")

    assert (response.status_code, response.json) == (200, ann.user)
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_each_account_reads_itself(ann: Client, bob: Client) -> None:
    hers, his = ann.get("users/me"), bob.get("users/me")

    assert hers.json["email"] == "ann@example.org"
    assert his.json["email"] == "bob@example.org"


@pytest.mark.one_database
@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_current_etag_returns_304(ann: Client, tag: str) -> None:
    response = ann.get("users/me", headers={"If-None-Match": tag})

    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == '"1"'


@pytest.mark.one_database
@pytest.mark.parametrize("tag", ['"2"', '"11"', "garbage", '""', ""])
def test_other_etag_returns_the_account(ann: Client, tag: str) -> None:
    response = ann.get("users/me", headers={"If-None-Match": tag})

    assert (response.status_code, response.json) == (200, ann.user)


def test_etag_is_outdated_after_a_change(ann: Client) -> None:
    before = ann.get("users/me").headers["ETag"]
    ann.patch("users/me", {"full_name": "Ann"})

    response = ann.get("users/me", headers={"If-None-Match": before})

    assert (response.status_code, response.json["full_name"]) == (200, "Ann")
    assert response.headers["ETag"] == '"2"'


def test_role_change_applies_to_the_next_request(ann: Client) -> None:
    run(ann.app, "users", "promote", "ann@example.org")

    response = ann.get("users/me")

    assert response.json["role"] == "admin"
    assert response.headers["ETag"] == '"2"'


def test_deactivation_applies_to_the_next_request(ann: Client, bob: Client) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    response = ann.get("users/me")

    assert_problem(response, 401, "session-revoked")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN
    assert bob.get("users/me").json == bob.user


def test_new_account_was_updated_when_it_was_created(ann: Client) -> None:
    assert ann.user["created_at"] == ann.user["updated_at"]
