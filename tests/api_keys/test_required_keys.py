"""REQUIRE_API_KEY requires a session and a key of the same account."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

GUARDED = [("GET", "tasks"), ("GET", "users/me"), ("DELETE", "users/me")]
FREE = ["auth/sessions", "api-keys"]


@pytest.fixture
def strict(app_with: Callable[..., Flask]) -> Flask:
    """Return an app that requires both."""
    return app_with(require_api_key=True)


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_token_without_key_is_rejected(
    strict: Flask, ann: Client, method: str, path: str
) -> None:
    ann.app = strict

    response = ann.call(method, path)

    assert_problem(response, 401, "token-missing")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_key_without_token_is_rejected(
    strict: Flask, script: KeyClient, method: str, path: str
) -> None:
    script.app = strict

    response = script.call(method, path)

    assert_problem(response, 401, "token-missing")


def test_token_and_key_are_accepted(
    strict: Flask, ann: Client, script: KeyClient
) -> None:
    script.app, script.tokens = strict, ann.tokens

    response = script.get("tasks")

    assert response.status_code == 200


def test_token_and_key_have_the_scopes_of_the_key(
    strict: Flask, ann: Client, script: KeyClient
) -> None:
    script.app, script.tokens = strict, ann.tokens

    response = script.get("users/me")

    assert_problem(response, 403, "insufficient-scope")


def test_key_of_another_account_is_rejected(
    strict: Flask, ann: Client, bob: Client
) -> None:
    script = key_client(ann)
    script.app, script.tokens = strict, bob.tokens

    response = script.get("tasks")

    assert_problem(response, 401, "api-key-invalid")


@pytest.mark.parametrize("path", FREE)
def test_session_operations_need_no_key(strict: Flask, ann: Client, path: str) -> None:
    ann.app = strict

    response = ann.get(path)

    assert response.status_code == 200


def test_login_needs_no_key(strict: Flask, ann: Client) -> None:
    again = Client(strict, "ann")

    again.log_in()

    assert again.tokens["token_type"] == "bearer"
