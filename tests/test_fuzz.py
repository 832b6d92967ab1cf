"""Schemathesis: requests that are valid or invalid by the OpenAPI document.

By default a short run with a fixed seed; `make fuzz` sets FUZZ_EXAMPLES and FUZZ_SEED.
The number of cases is printed at the end.
"""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case, Config, Response
from schemathesis.specs.openapi.checks import negative_data_rejection
from sqlalchemy import text

from taskapi import db
from tests.helpers.cli import run
from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

SEED = int(os.environ.get("FUZZ_SEED", "1"))
IS_LONG = bool({"ALL_DATABASES", "FUZZ_EXAMPLES"} & set(os.environ))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
SCENARIOS = 3 * EXAMPLES
STEPS = 8
PASSWORD = "correct horse battery staple"  # the example of the document
ACCOUNT = {"email": "ann@example.org", "password": PASSWORD}
ENDING = re.compile("^(log_out|delete_me|end_session|change_password)$")
"""Operations that end the session."""

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "schemathesis.toml"
PUBLISHED = tomllib.loads(EXAMPLE.read_text())

CONFIG = {
    "seed": SEED,
    "generation": {
        "max-examples": EXAMPLES,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
    },
    "phases": {
        "coverage": {"enabled": IS_LONG, "generate-duplicate-query-parameters": True},
    },
    "hooks": str(EXAMPLE.with_name(PUBLISHED["hooks"])),
    "checks": PUBLISHED["checks"],
    "operations": [
        {name: one[name] for name in ("include-operation-id", "checks")}
        for one in PUBLISHED["operations"]
        if "positive_data_acceptance" in one.get("checks", {})
    ],
}

SETTINGS = settings(
    deadline=None,
    derandomize="FUZZ_SEED" not in os.environ,
    max_examples=SCENARIOS,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
)
function_scoped = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
schema = schemathesis.pytest.from_fixture("api")


WITHOUT_COLON = re.compile(r"T[\d:.]+[+-]\d{4}\b")
"""An offset that the service reads although `format: date-time` excludes it."""

cases: Counter[str] = Counter()


def count_case(app: Flask) -> None:
    """Count a case of the database of an app."""
    cases[app.extensions["settings"].database_url.partition(":")[0]] += 1


def delete_users(app: Flask) -> None:
    with app.app_context(), db.transaction():
        db.session.execute(text("DELETE FROM users"))


def log_in(app: Flask) -> dict[str, str]:
    """Create Ann's account, promote and log it in; return the Authorization header."""
    ann = Client(app)
    ann.post("auth/register", ACCOUNT)
    run(app, "users", "promote", ACCOUNT["email"])
    tokens = ann.post("auth/login", ACCOUNT).json
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def scenarios(api: Any, app: Flask) -> Any:
    """Return the state machine of the document; scenarios start with one account."""
    machine: Any = api.exclude(operation_id_regex=ENDING.pattern).as_state_machine()

    class Scenario(machine):
        def setup(self) -> None:
            self.session = log_in(app)

        def teardown(self) -> None:
            delete_users(app)

        def get_call_kwargs(self, _case: Case) -> dict[str, Any]:
            count_case(app)
            return {"app": app, "headers": self.session}

        def validate_response(
            self, response: Response, case: Case, **sent: Any
        ) -> None:
            known = {"headers": self.session, "recorder": self.recorder}
            case.validate_response(response, transport_kwargs=sent, **known)

    return Scenario


@pytest.fixture(scope="module", autouse=True)
def count(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print the seed and the number of cases, although pytest captures output."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nseed {SEED}, cases {dict(cases)}")  # noqa: T201 - the summary of `make fuzz`


@pytest.fixture
def api(app: Flask, request: pytest.FixtureRequest) -> Any:
    """Return the schema of the app."""
    request.node._nodeid = request.node.nodeid  # noqa: SLF001 - schemathesis 4.32 reads it; pytest 9.2 renamed it
    config = Config.from_dict(CONFIG)
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


@pytest.fixture
def session(app: Flask) -> dict[str, str]:
    """Return the Authorization header of a session."""
    return log_in(app)


@schema.parametrize()
@function_scoped
def test_operation_conforms_to_the_document(
    case: Case, app: Flask, session: dict[str, str]
) -> None:
    count_case(app)
    if ENDING.match(case.operation.definition.raw["operationId"]):
        delete_users(app)
        session = log_in(app)
    sent = json.dumps([case.query, case.body], default=str)
    lenient = [negative_data_rejection] if WITHOUT_COLON.search(sent) else []
    case.call_and_validate(app=app, headers=session, excluded_checks=lenient)


@pytest.mark.slow
def test_sequences_of_operations_conform_to_the_document(api: Any, app: Flask) -> None:
    machine = scenarios(api, app)

    machine.run(settings=SETTINGS)
