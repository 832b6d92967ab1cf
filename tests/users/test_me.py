"""What users read of their own account."""

import pytest

from tests.auth.forging import INVALID_TOKEN
from tests.backstage import run
from tests.support import Client, refused


def test_an_account_is_read_with_its_version_as_etag(ann: Client) -> None:
    answer = ann.get("users/me")

    assert (answer.status_code, answer.json) == (200, ann.user)
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_everyone_reads_their_own_account(ann: Client, bob: Client) -> None:
    hers, his = ann.get("users/me"), bob.get("users/me")

    assert hers.json["email"] == "ann@example.org"
    assert his.json["email"] == "bob@example.org"


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_who_has_the_version_already_is_not_sent_it_again(
    ann: Client, tag: str
) -> None:
    answer = ann.get("users/me", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("tag", ['"2"', '"11"', "garbage", '""', ""])
def test_who_has_another_version_is_sent_this_one(ann: Client, tag: str) -> None:
    answer = ann.get("users/me", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json) == (200, ann.user)


def test_what_was_read_before_a_change_is_out_of_date(ann: Client) -> None:
    before = ann.get("users/me").headers["ETag"]
    ann.patch("users/me", {"full_name": "Ann"})

    answer = ann.get("users/me", headers={"If-None-Match": before})

    assert (answer.status_code, answer.json["full_name"]) == (200, "Ann")
    assert answer.headers["ETag"] == '"2"'


def test_a_change_of_role_counts_on_the_next_request(ann: Client) -> None:
    run(ann.app, "users", "promote", "ann@example.org")

    answer = ann.get("users/me")

    assert answer.json["role"] == "admin"
    assert answer.headers["ETag"] == '"2"'


def test_a_deactivation_counts_on_the_next_request(ann: Client, bob: Client) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    answer = ann.get("users/me")

    refused(answer, 401, "session-revoked")
    assert answer.headers["WWW-Authenticate"] == INVALID_TOKEN
    assert bob.get("users/me").json == bob.user


def test_a_new_account_was_changed_when_it_was_made(ann: Client) -> None:
    assert ann.user["created_at"] == ann.user["updated_at"]
