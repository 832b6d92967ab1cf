"""Who sends no credentials, or bad ones, is told so before anything else."""

from typing import Any

import pytest

from tests.auth.forged import EXPIRED, FORGERIES, SESSIONLESS
from tests.auth.forging import INVALID_TOKEN, REALM, Forgery, access_of
from tests.everywhere import OTHER_PLACES, Place, ask_everywhere, bearing, challenges
from tests.support import Client, refused

WRONG_REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "media-type": ("POST", "tasks", {"data": "title", "content_type": "text/plain"}),
    "malformed-json": ("PATCH", "users/me", {"data": "{"}),
    "unknown-field": ("POST", "tasks", {"json": {"colour": "red"}}),
    "missing-body": ("DELETE", "users/me", {}),
    "wrong-type": ("POST", "auth/logout", {"json": {"all": "yes"}}),
    "unknown-parameter": ("GET", "tasks?colour=red", {}),
    "wrong-parameter": ("GET", "tasks?limit=-1", {}),
    "parameter-where-none-is-read": ("GET", "users/me?fields=id", {}),
    "absent-task": ("GET", f"tasks/{2**62}", {}),
    "stale-version": ("PATCH", "users/me", {"headers": {"If-Match": '"9"'}}),
}


def test_every_protected_operation_asks_for_credentials(anyone: Client) -> None:
    answers = ask_everywhere(anyone)

    assert challenges(answers, "token-missing") == {REALM}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_every_protected_operation_refuses_a_forged_token(
    ann: Client, statements: list[str], forge: Forgery
) -> None:
    forged = forge(access_of(ann))
    statements.clear()

    answers = ask_everywhere(ann, **bearing(forged))

    assert challenges(answers, "token-invalid") == {INVALID_TOKEN}
    assert statements == []


@pytest.mark.parametrize("forge", EXPIRED.values(), ids=EXPIRED)
def test_every_protected_operation_calls_a_token_expired_whose_time_is_over(
    ann: Client, statements: list[str], forge: Forgery
) -> None:
    expired = forge(access_of(ann))
    statements.clear()

    answers = ask_everywhere(ann, **bearing(expired))

    assert challenges(answers, "token-expired") == {INVALID_TOKEN}
    assert statements == []


@pytest.mark.parametrize("forge", SESSIONLESS.values(), ids=SESSIONLESS)
def test_every_protected_operation_looks_for_the_session_of_a_token(
    ann: Client, bob: Client, statements: list[str], forge: Forgery
) -> None:
    forged = forge(access_of(ann))
    statements.clear()

    answers = ask_everywhere(ann, **bearing(forged))

    assert challenges(answers, "session-revoked") == {INVALID_TOKEN}
    assert [text for text in statements if not text.startswith("SELECT")] == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  \t ",
        "Basic YW5uOnBhc3N3b3Jk",
        "Basic Og==",
        "Token abc",
        "Digest username=ann",
        "BearerToken abc",
        "bear abc",
    ],
    ids=repr,
)
def test_what_is_not_a_bearer_token_counts_as_no_credentials(
    anyone: Client, header: str
) -> None:
    answer = anyone.get("users/me", headers={"Authorization": header})

    refused(answer, 401, "token-missing")
    assert answer.headers["WWW-Authenticate"] == REALM


def test_a_good_token_without_its_scheme_counts_as_no_credentials(ann: Client) -> None:
    bare = {"Authorization": ann.tokens["access_token"]}

    answer = ann.get("users/me", headers=bare)

    refused(answer, 401, "token-missing")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_counts_in_any_case(ann: Client, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {ann.tokens['access_token']}"}

    answer = ann.get("users/me", headers=header)

    assert answer.status_code == 200
    assert answer.json == ann.user


@pytest.mark.parametrize("place", OTHER_PLACES.values(), ids=OTHER_PLACES)
@pytest.mark.parametrize("name", ["access_token", "token", "Authorization"])
def test_a_token_counts_in_no_place_but_its_header(
    ann: Client, name: str, place: Place
) -> None:
    misplaced = place(name, ann.tokens["access_token"])

    answers = ask_everywhere(ann, **misplaced)

    assert challenges(answers, "token-missing") == {REALM}


@pytest.mark.parametrize("wrong", WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
@pytest.mark.parametrize(
    ("header", "code"),
    [("", "token-missing"), ("Bearer x.y.z", "token-invalid")],
    ids=["without-token", "with-bad-token"],
)
def test_credentials_are_checked_before_the_request_is_read(
    anyone: Client, header: str, code: str, wrong: tuple[str, str, dict[str, Any]]
) -> None:
    method, path, options = wrong
    headers = {"Authorization": header, **options.get("headers", {})}

    answer = anyone.call(method, path, **options | {"headers": headers})

    refused(answer, 401, code)


@pytest.mark.parametrize("path", ["/health", "/api/v1"])
def test_what_is_public_stays_so_for_who_sends_a_bad_token(
    anyone: Client, path: str
) -> None:
    bad = {"Authorization": "Bearer x.y.z"}

    answer = anyone.get(path, headers=bad)

    assert answer.status_code == 200
