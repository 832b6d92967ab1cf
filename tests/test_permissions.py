"""Permissions of every caller for every operation."""

from collections.abc import Callable, Iterator
from copy import copy

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi import db
from tests.conftest import KINDS
from tests.helpers.accounts import Accounts
from tests.helpers.callers import CALLERS, OK, answer_with_both, ask, outcome
from tests.helpers.client import Client
from tests.permissions import ACCESS, PRIVATE, PUBLIC

Outcomes = dict[tuple[str, str], str]

USUAL = {(c, o): CALLERS[c].answer(o) for c in CALLERS for o in PRIVATE}
STRICT = {(c, o): answer_with_both(c, o) for c in CALLERS for o in PRIVATE}


@pytest.fixture
def crowd(ann: Client) -> Accounts:
    """Return Ann, who owns the requested resources, and the other callers."""
    return Accounts(ann)


@pytest.fixture(scope="module")
def strict_apps(make_app: Callable[..., Flask]) -> Iterator[list[Flask]]:
    """Return an app on each kind of database where REQUIRE_API_KEY is set."""
    made = [make_app(kind, require_api_key=True) for kind in KINDS]
    yield made
    for app in made:
        with app.app_context():
            db.database.engine.dispose()


@pytest.fixture
def strict(crowd: Accounts, strict_apps: list[Flask]) -> Accounts:
    """Return the same callers with an app where REQUIRE_API_KEY is set."""
    (crowd.app,) = [app for app in strict_apps if url(app) == url(crowd.app)]
    return crowd


def url(app: Flask) -> str:
    return str(app.extensions["settings"].database_url)


def expected_errors(outcomes: Outcomes, caller: str) -> dict[str, str]:
    """Return the problem codes of the operations that reject a caller."""
    return {o: code for (c, o), code in outcomes.items() if c == caller and code != OK}


def accepted(outcomes: Outcomes) -> pytest.MarkDecorator:
    """Parametrize a test by the operations that each caller may use."""
    pairs = [pair for pair, code in outcomes.items() if code == OK]
    return pytest.mark.parametrize(("caller", "operation"), pairs)


def call(crowd: Accounts, caller: str, operation: str) -> TestResponse:
    """Call an operation as one of the callers."""
    owned = crowd.owned if "{" in operation else {}
    client = copy(CALLERS[caller].join(crowd, ACCESS[operation].scope))
    client.app = crowd.app
    return ask(client, operation, owned)


@pytest.mark.parametrize("caller", CALLERS)
def test_caller_without_permission_is_rejected(crowd: Accounts, caller: str) -> None:
    expected = expected_errors(USUAL, caller)

    codes = {o: outcome(call(crowd, caller, o)) for o in expected}

    assert codes == expected


@accepted(USUAL)
def test_caller_with_permission_is_accepted(
    crowd: Accounts, caller: str, operation: str
) -> None:
    response = call(crowd, caller, operation)

    assert outcome(response) == OK


@pytest.mark.parametrize("operation", [o for o in PRIVATE if "{" in o])
def test_resource_of_other_account_looks_nonexistent(
    crowd: Accounts, operation: str
) -> None:
    absent = dict.fromkeys(crowd.owned, 2**60)

    foreign = ask(crowd.other, operation, crowd.owned)
    missing = ask(crowd.other, operation, absent)

    assert visible(foreign) == visible(missing)


def visible(response: TestResponse) -> tuple[dict[str, object], dict[str, str]]:
    """Return the body and the headers without those of the single request."""
    volatile = {"X-Request-ID", "Content-Length", "Server-Timing"}
    headers = {k: v for k, v in response.headers.items() if k not in volatile}
    return response.json | {"request_id": None, "instance": None}, headers


@pytest.mark.parametrize("caller", CALLERS)
def test_public_operation_ignores_the_caller(crowd: Accounts, caller: str) -> None:
    statuses = {o: call(crowd, caller, o).status_code for o in PUBLIC}

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
    strict: Accounts, caller: str, operation: str
) -> None:
    response = call(strict, caller, operation)

    assert outcome(response) == OK
