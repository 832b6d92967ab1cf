"""Who sends no credentials, or bad ones, is told so before anything else."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.auth.forged import A_FEW
from tests.auth.forging import INVALID_TOKEN, REALM, Forgery, access_of, shifted
from tests.support import Client, refused

METHODS = {"get", "post", "put", "patch", "delete"}
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


def protected_operations(client: Client) -> list[tuple[str, str]]:
    """Return method and path of each operation that the document says needs login."""
    paths = client.get("/openapi.json").json["paths"]
    return [
        (method.upper(), re.sub(r"{\w+}", "1", path))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in METHODS and operation.get("security") != []
    ]


def ask_everywhere(client: Client, **headers: str) -> dict[str, TestResponse]:
    """Call each protected operation."""
    return {
        f"{method} {path}": client.call(method, path, headers=headers)
        for method, path in protected_operations(client)
    }


def challenges(answers: dict[str, TestResponse], code: str) -> dict[str, str]:
    """Assert that each answer is this refusal, and return its challenge."""
    assert {"GET /api/v1/users/me", "POST /api/v1/tasks"} <= answers.keys()
    return {
        operation: refused(answer, 401, code) and answer.headers["WWW-Authenticate"]
        for operation, answer in answers.items()
    }


def test_every_protected_operation_asks_for_credentials(anyone: Client) -> None:
    answers = ask_everywhere(anyone)

    seen = challenges(answers, "token-missing")

    assert set(seen.values()) == {REALM}


@pytest.mark.parametrize("forge", A_FEW.values(), ids=A_FEW)
def test_every_protected_operation_refuses_a_forged_token(
    ann: Client, forge: Forgery
) -> None:
    forged = forge(access_of(ann))

    answers = ask_everywhere(ann, Authorization=f"Bearer {forged}")

    seen = challenges(answers, "token-invalid")
    assert set(seen.values()) == {INVALID_TOKEN}


def test_every_protected_operation_refuses_an_expired_token(ann: Client) -> None:
    expired = shifted("exp", -60)(access_of(ann))

    answers = ask_everywhere(ann, Authorization=f"Bearer {expired}")

    seen = challenges(answers, "token-expired")
    assert set(seen.values()) == {INVALID_TOKEN}


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


@pytest.mark.parametrize("token_in", ["query", "form", "cookie"])
def test_a_token_counts_in_no_place_but_its_header(ann: Client, token_in: str) -> None:
    token = ann.tokens["access_token"]
    places: dict[str, dict[str, Any]] = {
        "query": {"query_string": {"access_token": token}},
        "form": {"data": {"access_token": token}},
        "cookie": {"headers": {"Cookie": f"access_token_cookie={token}"}},
    }

    answer = Client(ann.app).get("users/me", **places[token_in])

    refused(answer, 401, "token-missing")


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
