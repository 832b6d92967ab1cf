"""Requests to all operations that need login, and what they have in common."""

import re
from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

from tests.helpers.client import Client, assert_problem
from tests.permissions import PRIVATE

Place = Callable[[str, str], dict[str, Any]]

OTHER_PLACES: dict[str, Place] = {
    "query": lambda name, text: {"query_string": {name: text}},
    "form": lambda name, text: {"data": {name: text}},
    "json": lambda name, text: {"json": {name: text}},
    "cookie": lambda name, text: {"headers": {"Cookie": f"{name}={text}"}},
    "other-header": lambda name, text: {"headers": {f"X-Auth-{name}": text}},
}


def call_all_operations(client: Client, **options: Any) -> dict[str, TestResponse]:
    """Call each operation that needs login, without the client's own token."""
    other_user = Client(client.app)
    calls = {name: re.sub(r"{\w+}", "1", name).split() for name in PRIVATE}
    return {name: other_user.call(*call, **options) for name, call in calls.items()}


def bearing(text: str) -> dict[str, Any]:
    """Return the options of a request with a token of any characters that HTTP has."""
    return {"environ_overrides": {"HTTP_AUTHORIZATION": f"Bearer {text}"}}


def challenges(responses: dict[str, TestResponse], code: str) -> set[str]:
    """Assert that each answer is this refusal, and return their challenges."""
    problems = [assert_problem(answer, 401, code) for answer in responses.values()]
    assert len(problems) == len(PRIVATE)
    return {answer.headers["WWW-Authenticate"] for answer in responses.values()}
