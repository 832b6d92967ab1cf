"""REQUIRE_API_KEY asks for a session and a key of the same user."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.keys.holding import Holder, holder
from tests.support import Client, refused

GUARDED = [("GET", "tasks"), ("GET", "users/me"), ("DELETE", "users/me")]
FREE = ["auth/sessions", "api-keys"]


@pytest.fixture
def strict(twin: Callable[..., Flask]) -> Flask:
    """Return an app that asks for both."""
    return twin(require_api_key=True)


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_token_alone_is_not_enough(
    strict: Flask, ann: Client, method: str, path: str
) -> None:
    ann.app = strict

    answer = ann.call(method, path)

    refused(answer, 401, "token-missing")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_key_alone_is_not_enough(
    strict: Flask, script: Holder, method: str, path: str
) -> None:
    script.app = strict

    answer = script.call(method, path)

    refused(answer, 401, "token-missing")


def test_both_together_are_enough(strict: Flask, ann: Client, script: Holder) -> None:
    script.app, script.tokens = strict, ann.tokens

    answer = script.get("tasks")

    assert answer.status_code == 200


def test_both_together_obey_the_scopes_of_the_key(
    strict: Flask, ann: Client, script: Holder
) -> None:
    script.app, script.tokens = strict, ann.tokens

    answer = script.get("users/me")

    refused(answer, 403, "insufficient-scope")


def test_a_key_of_someone_else_is_not_enough(
    strict: Flask, ann: Client, bob: Client
) -> None:
    script = holder(ann)
    script.app, script.tokens = strict, bob.tokens

    answer = script.get("tasks")

    refused(answer, 401, "api-key-invalid")


@pytest.mark.parametrize("path", FREE)
def test_a_token_is_enough_to_make_keys_and_end_sessions(
    strict: Flask, ann: Client, path: str
) -> None:
    ann.app = strict

    answer = ann.get(path)

    assert answer.status_code == 200


def test_nobody_needs_a_key_to_log_in(strict: Flask, ann: Client) -> None:
    again = Client(strict, "ann")

    again.log_in()

    assert again.tokens["token_type"] == "bearer"
