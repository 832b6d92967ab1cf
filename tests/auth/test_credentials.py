"""Missing and invalid credentials are rejected before the request is read."""

from typing import Any

import pytest

from tests.auth.forged_tokens import EXPIRED, FORGERIES, SESSIONLESS
from tests.auth.token_signing import INVALID_TOKEN, REALM, Forgery, access_of
from tests.helpers.client import Client, assert_problem
from tests.helpers.operations import (
    OTHER_PLACES,
    Place,
    bearing,
    call_all_operations,
    call_each_policy,
    challenges,
)

pytestmark = pytest.mark.one_database

TYPICAL = {"another-key", "alg-none", "sub-missing"}
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


def test_protected_operation_requires_credentials(anonymous: Client) -> None:
    responses = call_all_operations(anonymous)

    assert challenges(responses, "token-missing") == {REALM}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_forged_token_is_rejected(
    ann: Client, anonymous: Client, statements: list[str], forge: Forgery
) -> None:
    forged = forge(access_of(ann))
    statements.clear()

    response = anonymous.get("users/me", **bearing(forged))

    assert_problem(response, 401, "token-invalid")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN
    assert statements == []


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(forge, id=name, marks=[pytest.mark.slow] * (name not in TYPICAL))
        for name, forge in FORGERIES.items()
    ],
)
def test_each_policy_rejects_a_forged_token(
    ann: Client, statements: list[str], forge: Forgery
) -> None:
    forged = forge(access_of(ann))
    statements.clear()

    responses = call_each_policy(ann, **bearing(forged))

    assert challenges(responses, "token-invalid") == {INVALID_TOKEN}
    assert statements == []


@pytest.mark.parametrize("forge", EXPIRED.values(), ids=EXPIRED)
def test_protected_operation_rejects_an_expired_token(
    ann: Client, statements: list[str], forge: Forgery
) -> None:
    expired = forge(access_of(ann))
    statements.clear()

    responses = call_each_policy(ann, **bearing(expired))

    assert challenges(responses, "token-expired") == {INVALID_TOKEN}
    assert statements == []


@pytest.mark.parametrize("forge", SESSIONLESS.values(), ids=SESSIONLESS)
def test_protected_operation_checks_the_session_of_a_token(
    ann: Client, bob: Client, statements: list[str], forge: Forgery
) -> None:
    forged = forge(access_of(ann))
    statements.clear()

    responses = call_each_policy(ann, **bearing(forged))

    assert challenges(responses, "session-revoked") == {INVALID_TOKEN}
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
def test_other_schemes_count_as_no_credentials(anonymous: Client, header: str) -> None:
    response = anonymous.get("users/me", headers={"Authorization": header})

    assert_problem(response, 401, "token-missing")
    assert response.headers["WWW-Authenticate"] == REALM


def test_token_without_scheme_counts_as_no_credentials(ann: Client) -> None:
    bare = {"Authorization": ann.tokens["access_token"]}

    response = ann.get("users/me", headers=bare)

    assert_problem(response, 401, "token-missing")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_scheme_is_case_insensitive(ann: Client, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {ann.tokens['access_token']}"}

    response = ann.get("users/me", headers=header)

    assert response.status_code == 200
    assert response.json == ann.user


@pytest.mark.parametrize("place", OTHER_PLACES.values(), ids=OTHER_PLACES)
@pytest.mark.parametrize("name", ["access_token", "token", "Authorization"])
def test_token_is_accepted_only_in_its_header(
    ann: Client, name: str, place: Place
) -> None:
    misplaced = place(name, ann.tokens["access_token"])

    responses = call_each_policy(ann, **misplaced)

    assert challenges(responses, "token-missing") == {REALM}


@pytest.mark.parametrize("wrong", WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
@pytest.mark.parametrize(
    ("header", "code"),
    [("", "token-missing"), ("Bearer x.y.z", "token-invalid")],
    ids=["without-token", "with-bad-token"],
)
def test_credentials_are_checked_before_the_body(
    anonymous: Client, header: str, code: str, wrong: tuple[str, str, dict[str, Any]]
) -> None:
    method, path, options = wrong
    headers = {"Authorization": header, **options.get("headers", {})}

    response = anonymous.call(method, path, **options | {"headers": headers})

    assert_problem(response, 401, code)


@pytest.mark.parametrize("path", ["/health", "/api/v1"])
def test_public_operation_ignores_an_invalid_token(
    anonymous: Client, path: str
) -> None:
    bad = {"Authorization": "Bearer x.y.z"}

    response = anonymous.get(path, headers=bad)

    assert response.status_code == 200
