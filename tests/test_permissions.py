"""Permissions of every caller for every operation."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import copy

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi import db
from tests.conftest import KINDS
from tests.helpers.accounts import Accounts
from tests.helpers.callers import (
    CALLERS,
    OK,
    call_operation,
    expected_with_both,
    outcome,
)
from tests.helpers.client import Client
from tests.permissions import ACCESS, PRIVATE, PUBLIC

pytestmark = pytest.mark.one_database

Outcomes = dict[tuple[str, str], str]

DEFAULT = {(c, o): CALLERS[c].expected(o) for c in CALLERS for o in PRIVATE}
STRICT = {(c, o): expected_with_both(c, o) for c in CALLERS for o in PRIVATE}


@pytest.fixture
def accounts(ann: Client) -> Accounts:
    """Return the owner of the requested resources, and the other callers."""
    return Accounts(ann)


@pytest.fixture(scope="module")
def strict_apps(make_app: Callable[..., Flask]) -> Iterator[list[Flask]]:
    """Return an app on each kind of database where REQUIRE_API_KEY is set."""
    apps = [make_app(kind, require_api_key=True) for kind in KINDS]
    yield apps
    for app in apps:
        with app.app_context():
            db.database.engine.dispose()


@pytest.fixture
def strict(accounts: Accounts, strict_apps: list[Flask]) -> Accounts:
    """Return the same callers with an app where REQUIRE_API_KEY is set."""
    (accounts.app,) = [app for app in strict_apps if url(app) == url(accounts.app)]
    return accounts


def url(app: Flask) -> str:
    return str(app.extensions["settings"].database_url)


def expected_errors(outcomes: Outcomes, caller: str) -> dict[str, str]:
    """Return the problem codes of the operations that reject a caller."""
    return {o: code for (c, o), code in outcomes.items() if c == caller and code != OK}


def accepted(outcomes: Outcomes) -> pytest.MarkDecorator:
    """Parametrize a test by the operations that each caller may use.

    All reads of a caller are one case, because they change nothing.
    """
    cases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (caller, operation), code in outcomes.items():
        if code == OK:
            group = "reads" if operation.startswith("GET") else operation
            cases[caller, group].append(operation)
    return pytest.mark.parametrize(
        ("caller", "operations"),
        [
            pytest.param(c, some, id=f"{c}-{group}")
            for (c, group), some in cases.items()
        ],
    )


def call(accounts: Accounts, caller: str, operation: str) -> TestResponse:
    """Call an operation as one of the callers."""
    owned = accounts.owned(operation)
    client = copy(CALLERS[caller].client(accounts, ACCESS[operation].scope))
    client.app = accounts.app
    return call_operation(client, operation, owned)


@pytest.mark.parametrize("caller", CALLERS)
def test_caller_without_permission_is_rejected(accounts: Accounts, caller: str) -> None:
    expected = expected_errors(DEFAULT, caller)

    codes = {o: outcome(call(accounts, caller, o)) for o in expected}

    assert codes == expected


@accepted(DEFAULT)
def test_caller_with_permission_is_accepted(
    accounts: Accounts, caller: str, operations: list[str]
) -> None:
    codes = {o: outcome(call(accounts, caller, o)) for o in operations}

    assert codes == dict.fromkeys(operations, OK)


@pytest.mark.parametrize("operation", [o for o in PRIVATE if "{" in o])
def test_resource_of_other_account_looks_nonexistent(
    accounts: Accounts, operation: str
) -> None:
    owned = accounts.owned(operation)
    absent = dict.fromkeys(owned, 2**60)

    foreign = call_operation(accounts.other, operation, owned)
    missing = call_operation(accounts.other, operation, absent)

    assert visible(foreign) == visible(missing)


def visible(response: TestResponse) -> tuple[dict[str, object], dict[str, str]]:
    """Return the body and the headers without those of the single request."""
    volatile = {"X-Request-ID", "Content-Length", "Server-Timing"}
    headers = {k: v for k, v in response.headers.items() if k not in volatile}
    return response.json | {"request_id": None, "instance": None}, headers


@pytest.mark.parametrize("caller", CALLERS)
def test_public_operation_ignores_the_caller(accounts: Accounts, caller: str) -> None:
    statuses = {o: call(accounts, caller, o).status_code for o in PUBLIC}

    assert statuses == {o: access.status for o, access in PUBLIC.items()}


@pytest.mark.parametrize("caller", CALLERS)
def test_require_api_key_rejects_single_credential(
    strict: Accounts, caller: str
) -> None:
    expected = expected_errors(STRICT, caller)

    codes = {o: outcome(call(strict, caller, o)) for o in expected}

    assert codes == expected


@accepted(STRICT)
def test_require_api_key_accepts_token_and_key(
    strict: Accounts, caller: str, operations: list[str]
) -> None:
    codes = {o: outcome(call(strict, caller, o)) for o in operations}

    assert codes == dict.fromkeys(operations, OK)
