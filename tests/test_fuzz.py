"""The document against the service: Schemathesis asks all that it says and denies.

A short run with a fixed seed; FUZZ_EXAMPLES and FUZZ_SEED make it another one, as
`make fuzz` does. It says at the end how many cases there were.
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

SEED = int(os.environ.get("FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
SCENARIOS = 3 * EXAMPLES
STEPS = 8
PASSWORD = "correct horse battery staple"  # the document's example, so that it opens
ACCOUNT = {"email": "ann@example.org", "password": PASSWORD}
ENDING = (
    "^(log_out|delete_me|end_session|change_password)$"  # of who calls, or the login
)
OTHERS = f"^(?!{ENDING[1:]})"
ACCEPTED = [
    "2xx",
    "304",  # If-None-Match met the current version
    "401",  # passwords and refresh tokens are made up
    "404",  # so are ids
    "409",  # names are taken by the case before
    "412",  # the version in If-Match is made up
    "429",  # so are passwords, and ten of one name are enough
]
RULES = [  # that JSON Schema cannot say: 422
    "register",  # time zones and common passwords are long lists
    "issue_token",  # each grant_type needs fields of its own
    "update_me",  # a new email needs the current password
    "replace_me",
    "change_password",  # common passwords are a long list
    "complete_password_reset",  # tokens are mailed
    "complete_email_verification",  # likewise
    "create_api_key",  # what is over already
    "update_api_key",  # likewise
    "update_task",  # parents must be there
    "replace_task",
    "import_tasks",  # parents must be in the file, and what is completed completed
    "delete_task",  # an Idempotency-Key is good for one request
    "restore_task",  # likewise
    "list_tasks",  # cursors are signed, and there is one way of paging at a time
    "list_tags",  # likewise
    "list_users",  # likewise
    "list_sessions",  # likewise
    "list_api_keys",  # likewise
]
TREES = [  # whose depth it cannot say either, nor how many there are in all: 400, 422
    "create_task",
    "bulk_tasks",
]

days = st.dates(dt.date(1970, 1, 1), dt.date(9998, 12, 31)).map(str)
times = st.times().map(lambda time: f"{time:%H:%M:%S}Z")
moments = st.builds("{}T{}".format, days, times)
zones = st.sampled_from(sorted(available_timezones()))
schemathesis.openapi.format("timezone", zones)
schemathesis.serializer("application/x-ndjson")(
    lambda _, task: json.dumps(task).encode()
)
schemathesis.openapi.format("date-or-date-time", days | moments)


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

patient = settings(
    deadline=None,
    derandomize="FUZZ_SEED" not in os.environ,
    max_examples=SCENARIOS,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
)
one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
described = schemathesis.pytest.from_fixture("api")


WITHOUT_COLON = re.compile(r"T[\d:.]+[+-]\d{4}\b")
"""An offset that the service reads although `format: date-time` excludes it."""

asked: Counter[str] = Counter()


def note(app: Flask) -> None:
    """Count a case of this database."""
    asked[app.extensions["settings"].database_url.partition(":")[0]] += 1


def forget_everyone(app: Flask) -> None:
    with app.app_context(), db.transaction():
        db.session.execute(text("DELETE FROM users"))


def log_in(app: Flask) -> dict[str, str]:
    """Make Ann's account, an admin, and return the header of a new session of hers."""
    ann = Client(app)
    ann.post("auth/register", ACCOUNT)
    run(app, "users", "promote", ACCOUNT["email"])
    tokens = ann.post("auth/login", ACCOUNT).json
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def scenarios(api: Any, app: Flask) -> Any:
    """Return the state machine of the document: each scenario begins with Ann alone."""
    machine: Any = api.exclude(operation_id_regex=ENDING).as_state_machine()

    class Scenario(machine):
        def setup(self) -> None:
            self.session = log_in(app)

        def teardown(self) -> None:
            forget_everyone(app)

        def get_call_kwargs(self, _case: Case) -> dict[str, Any]:
            note(app)
            return {"app": app, "headers": self.session}

        def validate_response(
            self, response: Response, case: Case, **sent: Any
        ) -> None:
            known = {"headers": self.session, "recorder": self.recorder}
            case.validate_response(response, transport_kwargs=sent, **known)

    return Scenario


@pytest.fixture(scope="module", autouse=True)
def count(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say at the end what was done, past the capture of the output."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nseed {SEED}, cases {dict(asked)}")  # noqa: T201 - for who waits


@pytest.fixture
def api(app: Flask, request: pytest.FixtureRequest) -> Any:
    """Return what the app says of itself."""
    request.node._nodeid = request.node.nodeid  # noqa: SLF001 - schemathesis 4.32 asks for what pytest 9.2 renamed
    config = Config.from_dict(CONFIG)
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


@pytest.fixture
def session(app: Flask) -> dict[str, str]:
    """Return the header of a session of Ann's."""
    return log_in(app)


@described.exclude(operation_id_regex=ENDING).parametrize()
@one_database
def test_an_operation_does_what_the_document_says(
    case: Case, app: Flask, session: dict[str, str]
) -> None:
    note(app)
    sent = json.dumps([case.query, case.body], default=str)
    lenient = [negative_data_rejection] if WITHOUT_COLON.search(sent) else []
    case.call_and_validate(app=app, headers=session, excluded_checks=lenient)


@described.exclude(operation_id_regex=OTHERS).parametrize()
@one_database
def test_an_operation_that_ends_something_does_what_the_document_says(
    case: Case, app: Flask
) -> None:
    note(app)
    forget_everyone(app)

    case.call_and_validate(app=app, headers=log_in(app))


def test_operations_one_after_the_other_do_what_the_document_says(
    api: Any, app: Flask
) -> None:
    machine = scenarios(api, app)

    machine.run(settings=patient)
