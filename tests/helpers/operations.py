"""Requests to all operations that require login."""

import re
from collections.abc import Callable, Iterable
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


ONE_OF_EACH_POLICY = {
    (access.kind, access.scope): name for name, access in PRIVATE.items()
}.values()
"""All operations share the code that authenticates a request; the policy differs."""


def call_all_operations(client: Client, **options: Any) -> dict[str, TestResponse]:
    """Call each operation that needs login, without the client's own token."""
    return _call(client, PRIVATE, options)


def call_each_policy(client: Client, **options: Any) -> dict[str, TestResponse]:
    """Call one operation of each access policy, without the client's own token."""
    return _call(client, ONE_OF_EACH_POLICY, options)


def _call(
    client: Client, names: Iterable[str], options: dict[str, Any]
) -> dict[str, TestResponse]:
    other_user = Client(client.app)
    calls = {name: re.sub(r"{\w+}", "1", name).split() for name in names}
    return {name: other_user.call(*call, **options) for name, call in calls.items()}


def bearing(text: str) -> dict[str, Any]:
    """Return request options with a token, which may contain any character."""
    return {"environ_overrides": {"HTTP_AUTHORIZATION": f"Bearer {text}"}}


def challenges(responses: dict[str, TestResponse], code: str) -> set[str]:
    """Assert that each response is this error, and return their challenges."""
    problems = [assert_problem(one, 401, code) for one in responses.values()]
    assert len(problems) >= len(ONE_OF_EACH_POLICY)
    return {one.headers["WWW-Authenticate"] for one in responses.values()}
