"""The rate limit `auth` of password checks and invalid credentials."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi.api_keys import key_format
from taskapi.scopes import Scope
from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.client import PASSWORD, Client, assert_problem, with_app
from tests.web.metrics_parser import BEARER, TOKEN

pytestmark = pytest.mark.one_database

LIMIT = 3
HERE, THERE = "192.0.2.7", "192.0.2.8"
WRONG = "a wrong password"
MakeApp = Callable[..., Flask]

HASHING = {
    "email": ("PATCH", {"email": "new@example.org", "current_password": WRONG}, 422),
    "put": ("PUT", {"email": "new@example.org", "current_password": WRONG}, 422),
    "deletion": ("DELETE", {"password": WRONG}, 401),
}


@pytest.fixture
def strict(app_with: MakeApp) -> Flask:
    """Return an app whose limit `auth` is three requests per minute."""
    limits = {"ratelimit_enabled": True, "ratelimit_auth_per_minute": LIMIT}
    return app_with(metrics_token=TOKEN, **limits)


def call_with_key(app: Flask, key: str, ip: str = HERE) -> TestResponse:
    return Client(app).get(
        "tasks", headers={"X-API-Key": key}, environ_base={"REMOTE_ADDR": ip}
    )


def get_metrics(app: Flask, token: str, ip: str = HERE) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return Client(app).get(
        "/metrics", headers=headers, environ_base={"REMOTE_ADDR": ip}
    )


@pytest.mark.parametrize(("method", "body", "status"), HASHING.values(), ids=HASHING)
def test_account_operations_with_password_have_the_auth_limit(
    ann: Client, strict: Flask, method: str, body: dict[str, str], status: int
) -> None:
    caller = with_app(ann, strict)

    responses = [caller.call(method, "users/me", json=body) for _ in range(LIMIT)]
    over = caller.call(method, "users/me", json=body)

    assert [response.status_code for response in responses] == [status] * LIMIT
    assert_problem(over, 429, "rate-limited")
    assert over.headers["RateLimit-Policy"] == f'"auth";q={LIMIT};w=60'


def test_password_and_email_changes_share_the_auth_limit(
    ann: Client, strict: Flask
) -> None:
    caller = with_app(ann, strict)
    change = {"current_password": WRONG, "new_password": PASSWORD}
    for _ in range(LIMIT):
        caller.post("auth/password", change)

    response = caller.patch("users/me", HASHING["email"][1])

    assert_problem(response, 429, "rate-limited")


def test_email_change_with_api_key_has_the_auth_limit(
    ann: Client, strict: Flask
) -> None:
    script = with_app(ann, strict)
    key = key_client(ann, Scope.ACCOUNT_WRITE)
    key.app = strict

    responses = [key.patch("users/me", HASHING["email"][1]) for _ in range(LIMIT + 1)]

    assert responses[-1].status_code == 429
    assert_problem(script.patch("users/me", HASHING["email"][1]), 429, "rate-limited")


@pytest.mark.parametrize(
    "changes", [{"full_name": "Ann"}, {"email": "ann@example.org"}, {}], ids=str
)
def test_other_account_updates_have_the_default_limit(
    ann: Client, strict: Flask, changes: dict[str, str]
) -> None:
    caller = with_app(ann, strict)

    responses = [caller.patch("users/me", changes) for _ in range(LIMIT + 1)]

    assert [response.status_code for response in responses] == [200] * (LIMIT + 1)
    assert responses[-1].headers["RateLimit-Policy"] == '"default";q=300;w=60'


@pytest.mark.parametrize(
    "invent",
    [
        lambda: key_format.generate().text,
        lambda: f"tsk_{'0' * 8}_{'A' * 43}",
        lambda: "mine",
    ],
    ids=["well-formed", "wrong-checksum", "malformed"],
)
def test_invalid_api_keys_have_the_auth_limit_of_the_address(
    strict: Flask, invent: Callable[[], str]
) -> None:
    responses = [call_with_key(strict, invent()) for _ in range(LIMIT)]

    over, elsewhere = (call_with_key(strict, invent(), ip) for ip in (HERE, THERE))

    assert {response.status_code for response in responses} == {401}
    assert_problem(over, 429, "rate-limited")
    assert 0 < int(over.headers["Retry-After"]) <= 60
    assert_problem(elsewhere, 401, "api-key-invalid")


def test_invalid_api_key_as_bearer_token_has_the_auth_limit(strict: Flask) -> None:
    bearer = {"Authorization": f"Bearer {key_format.generate().text}"}

    responses = [Client(strict).get("tasks", headers=bearer) for _ in range(LIMIT + 1)]

    assert_problem(responses[-1], 429, "rate-limited")


def test_invalid_api_key_with_token_has_the_auth_limit(
    ann: Client, strict: Flask
) -> None:
    caller = KeyClient(ann, key_format.generate().text)
    caller.app, caller.tokens = strict, ann.tokens

    responses = [caller.get("tasks") for _ in range(LIMIT + 1)]

    assert_problem(responses[-1], 429, "rate-limited")


def test_valid_credentials_work_while_their_address_is_limited(
    ann: Client, strict: Flask
) -> None:
    key, session = key_client(ann), with_app(ann, strict)
    for _ in range(LIMIT + 1):
        call_with_key(strict, key_format.generate().text, "127.0.0.1")

    key.app = strict
    responses = key.get("tasks"), session.get("tasks"), Client(strict, "ann").log_in()

    assert [response.status_code for response in responses[:2]] == [200, 200]


def test_invalid_metrics_tokens_have_the_auth_limit(
    strict: Flask,
) -> None:
    wrong = TOKEN.swapcase()
    responses = [get_metrics(strict, wrong) for _ in range(LIMIT)]

    over, elsewhere = (get_metrics(strict, wrong, ip) for ip in (HERE, THERE))

    assert {response.status_code for response in responses} == {401}
    assert_problem(over, 429, "rate-limited")
    assert_problem(elsewhere, 401, "token-invalid")


def test_valid_metrics_token_has_no_limit(strict: Flask) -> None:
    for _ in range(LIMIT + 1):
        get_metrics(strict, "wrong")

    responses = [
        Client(strict).get("/metrics", headers=BEARER) for _ in range(LIMIT + 1)
    ]

    assert {response.status_code for response in responses} == {200}
