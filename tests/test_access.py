"""Every operation answers every caller as the contract has it."""

from collections.abc import Callable, Iterator
from copy import copy

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi import db
from tests.access import ACCESS, PRIVATE, PUBLIC
from tests.callers import CALLERS, OK, answer_with_both, ask, outcome
from tests.conftest import KINDS
from tests.crowd import Crowd
from tests.support import Client

Answers = dict[tuple[str, str], str]

USUAL = {(c, o): CALLERS[c].answer(o) for c in CALLERS for o in PRIVATE}
STRICT = {(c, o): answer_with_both(c, o) for c in CALLERS for o in PRIVATE}


@pytest.fixture
def crowd(ann: Client) -> Crowd:
    """Return Ann, who owns what is asked for, and everybody else."""
    return Crowd(ann)


@pytest.fixture(scope="module")
def strict_apps(make_app: Callable[..., Flask]) -> Iterator[list[Flask]]:
    """Return an app on each kind of database where REQUIRE_API_KEY is set."""
    made = [make_app(kind, require_api_key=True) for kind in KINDS]
    yield made
    for app in made:
        with app.app_context():
            db.database.engine.dispose()


@pytest.fixture
def strict(crowd: Crowd, strict_apps: list[Flask]) -> Crowd:
    """Return the same people where REQUIRE_API_KEY is set."""
    (crowd.app,) = [app for app in strict_apps if url(app) == url(crowd.app)]
    return crowd


def url(app: Flask) -> str:
    return str(app.extensions["settings"].database_url)


def refusals(answers: Answers, caller: str) -> dict[str, str]:
    """Return which operations refuse a caller, and how."""
    return {o: code for (c, o), code in answers.items() if c == caller and code != OK}


def admissions(answers: Answers) -> pytest.MarkDecorator:
    """Return a mark for each caller and each operation that admits them."""
    admitted = [pair for pair, code in answers.items() if code == OK]
    return pytest.mark.parametrize(("caller", "operation"), admitted)


def call(crowd: Crowd, caller: str, operation: str) -> TestResponse:
    """Let one of the crowd call an operation."""
    owned = crowd.owned if "{" in operation else {}
    client = copy(CALLERS[caller].join(crowd, ACCESS[operation].scope))
    client.app = crowd.app
    return ask(client, operation, owned)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_caller_is_refused_what_the_contract_refuses(
    crowd: Crowd, caller: str
) -> None:
    expected = refusals(USUAL, caller)

    codes = {o: outcome(call(crowd, caller, o)) for o in expected}

    assert codes == expected


@admissions(USUAL)
def test_a_caller_is_answered_where_the_contract_answers(
    crowd: Crowd, caller: str, operation: str
) -> None:
    answer = call(crowd, caller, operation)

    assert outcome(answer) == OK


@pytest.mark.parametrize("operation", [o for o in PRIVATE if "{" in o])
def test_what_is_someone_elses_looks_like_what_is_not_there(
    crowd: Crowd, operation: str
) -> None:
    absent = dict.fromkeys(crowd.owned, 2**60)

    theirs = ask(crowd.other, operation, crowd.owned)
    nothing = ask(crowd.other, operation, absent)

    assert seen(theirs) == seen(nothing)


def seen(answer: TestResponse) -> tuple[dict[str, object], dict[str, str]]:
    """Return what is seen of an answer, but for what names the request."""
    volatile = {"X-Request-ID", "Content-Length", "Server-Timing"}
    headers = {k: v for k, v in answer.headers.items() if k not in volatile}
    return answer.json | {"request_id": None, "instance": None}, headers


@pytest.mark.parametrize("caller", CALLERS)
def test_what_is_public_answers_every_caller_alike(crowd: Crowd, caller: str) -> None:
    statuses = {o: call(crowd, caller, o).status_code for o in PUBLIC}

    assert statuses == {o: access.status for o, access in PUBLIC.items()}


@pytest.mark.parametrize("caller", CALLERS)
def test_where_both_are_asked_for_one_is_not_enough(strict: Crowd, caller: str) -> None:
    expected = refusals(STRICT, caller)

    codes = {o: outcome(call(strict, caller, o)) for o in expected}

    assert codes == expected


@admissions(STRICT)
def test_where_both_are_asked_for_both_open_what_they_open(
    strict: Crowd, caller: str, operation: str
) -> None:
    answer = call(strict, caller, operation)

    assert outcome(answer) == OK
