"""Schemathesis: requests that are valid or invalid by the OpenAPI document.

By default a short run with a fixed seed; `make fuzz` sets FUZZ_EXAMPLES and FUZZ_SEED.
The number of cases is printed at the end.
"""

import datetime as dt
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case, Config, Response
from schemathesis.specs.openapi.checks import negative_data_rejection
from sqlalchemy import text

from taskapi import db
from tests.helpers.cli import run
from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

SEED = int(os.environ.get("FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
SCENARIOS = 3 * EXAMPLES
STEPS = 8
PASSWORD = "correct horse battery staple"  # the example of the document
ACCOUNT = {"email": "ann@example.org", "password": PASSWORD}
ENDING = "^(log_out|delete_me|end_session|change_password)$"  # they end the session
OTHERS = f"^(?!{ENDING[1:]})"
ACCEPTED = [
    "2xx",
    "304",  # If-None-Match met the current version
    "401",  # passwords and refresh tokens are random
    "404",  # ids are random
    "409",  # names exist since the previous case
    "412",  # the version in If-Match is random
    "429",  # ten wrong passwords lock an account
]
RULES = [  # operations with rules that JSON Schema cannot express: 422
    "register",  # time zones and common passwords are long lists
    "issue_token",  # required fields depend on the grant_type
    "update_me",  # a new email needs the current password
    "replace_me",
    "change_password",  # common passwords are a long list
    "complete_password_reset",  # tokens are mailed
    "complete_email_verification",  # tokens are mailed
    "create_api_key",  # the expiry must be in the future
    "update_api_key",  # the expiry must be in the future
    "update_task",  # parents must exist
    "replace_task",
    "import_tasks",  # parents must be in the file
    "delete_task",  # an Idempotency-Key is valid for one request
    "restore_task",  # an Idempotency-Key is valid for one request
    # cursors are signed, and cursor, page and offset exclude each other
    "list_tasks",
    "list_tags",
    "list_users",
    "list_sessions",
    "list_api_keys",
]
TREES = [  # JSON Schema cannot limit their depth and total size: 400, 422
    "create_task",
    "bulk_tasks",
]

days = st.dates(dt.date(1970, 1, 1), dt.date(9998, 12, 31)).map(str)
times = st.times().map(lambda time: f"{time:%H:%M:%S}Z")
timestamps = st.builds("{}T{}".format, days, times)
zones = st.sampled_from(sorted(available_timezones()))
schemathesis.openapi.format("timezone", zones)
schemathesis.serializer("application/x-ndjson")(
    lambda _, task: json.dumps(task).encode()
)
schemathesis.openapi.format("date-or-date-time", days | timestamps)


def accepting(*statuses: str) -> dict[str, Any]:
    return {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, *statuses]}}


CONFIG = {
    "seed": SEED,
    "generation": {
        "max-examples": EXAMPLES,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
    },
    "phases": {"coverage": {"generate-duplicate-query-parameters": True}},
    "checks": accepting(),
    "operations": [
        {"include-operation-id": RULES, "checks": accepting("422")},
        {"include-operation-id": TREES, "checks": accepting("400", "422")},
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
    machine: Any = api.exclude(operation_id_regex=ENDING).as_state_machine()

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


@schema.exclude(operation_id_regex=ENDING).parametrize()
@function_scoped
def test_operation_conforms_to_the_document(
    case: Case, app: Flask, session: dict[str, str]
) -> None:
    count_case(app)
    sent = json.dumps([case.query, case.body], default=str)
    lenient = [negative_data_rejection] if WITHOUT_COLON.search(sent) else []
    case.call_and_validate(app=app, headers=session, excluded_checks=lenient)


@schema.exclude(operation_id_regex=OTHERS).parametrize()
@function_scoped
def test_operation_that_ends_the_session_conforms_to_the_document(
    case: Case, app: Flask
) -> None:
    count_case(app)
    delete_users(app)

    case.call_and_validate(app=app, headers=log_in(app))


@pytest.mark.slow
def test_sequences_of_operations_conform_to_the_document(api: Any, app: Flask) -> None:
    machine = scenarios(api, app)

    machine.run(settings=SETTINGS)
