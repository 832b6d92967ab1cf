"""A token counts only if everything in it is right."""

import pytest

from tests.auth.forging import (
    INVALID_TOKEN,
    access_of,
    call_with,
    claiming,
    token,
)
from tests.backstage import at, store_user
from tests.support import Client, refused


def test_a_token_made_with_the_secret_of_the_app_is_taken(ann: Client) -> None:
    good = access_of(ann)

    answer = call_with(ann, token(good.header, good.claims))

    assert answer.status_code == 200
    assert answer.json["id"] == ann.user["id"]


@pytest.mark.parametrize(
    ("claim", "seconds"), [("iat", -9), ("exp", 9)], ids=["behind", "ahead"]
)
def test_a_clock_that_differs_by_nine_seconds_does_no_harm(
    ann: Client, claim: str, seconds: int
) -> None:
    start = access_of(ann).claims[claim]

    with at(start + seconds):
        answer = ann.get("users/me")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("claim", "seconds", "code"),
    [("iat", -11, "token-invalid"), ("exp", 11, "token-expired")],
    ids=["behind", "ahead"],
)
def test_a_clock_that_differs_by_eleven_seconds_is_not_believed(
    ann: Client, claim: str, seconds: int, code: str
) -> None:
    start = access_of(ann).claims[claim]

    with at(start + seconds):
        answer = ann.get("users/me")

    refused(answer, 401, code)


def test_a_token_that_was_good_before_expires_all_the_same(ann: Client) -> None:
    before = ann.get("users/me")

    with at(access_of(ann).claims["exp"] + 10):
        after = ann.get("users/me")

    assert before.status_code == 200
    refused(after, 401, "token-expired")


def test_an_access_token_lives_for_half_an_hour(ann: Client) -> None:
    claims = access_of(ann).claims

    lifetime = claims["exp"] - claims["iat"]

    assert lifetime == ann.tokens["expires_in"] == 30 * 60


def test_nobody_is_heard_in_the_session_of_another(ann: Client, bob: Client) -> None:
    forge = claiming(sub=str(bob.user["id"]))

    answer = call_with(ann, forge(access_of(ann)))

    refused(answer, 401, "session-revoked")
    assert answer.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_rights_come_from_the_database_and_not_from_the_token(ann: Client) -> None:
    claims = {"role": "admin", "is_active": True, "email_verified": True}

    answer = call_with(ann, claiming(**claims)(access_of(ann)))

    assert answer.json == ann.user


def test_a_disabled_user_is_not_heard_although_the_session_lives(ann: Client) -> None:
    store_user(ann, is_active=False)

    answer = ann.get("users/me")

    refused(answer, 401, "session-revoked")
    assert answer.headers["WWW-Authenticate"] == INVALID_TOKEN
