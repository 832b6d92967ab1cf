"""Booleans in queries, also in Python's capitalised form."""

import pytest

from tests.helpers.client import Client, field_errors

pytestmark = pytest.mark.one_database

FILTERS = ["overdue", "deleted", "include_total"]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("value", ["true", "True", "false", "False"])
def test_query_boolean_accepts_both_cases(ann: Client, name: str, value: str) -> None:
    ann.create_task(due_date="2020-01-01")

    written = ann.get(f"tasks?{name}={value}").json
    lower = ann.get(f"tasks?{name}={value.lower()}").json

    assert written == lower
    assert "items" in written


def test_dry_run_accepts_capitalised_value(ann: Client) -> None:
    planned = ann.post("tasks/bulk?dry_run=True", {"create": [{"title": "Tea"}]})

    assert planned.status_code == 200
    assert ann.get("tasks").json["items"] == []


@pytest.mark.parametrize("value", ["TRUE", "1", "yes", "", "tRue", "True,True"])
def test_query_boolean_rejects_other_values(ann: Client, value: str) -> None:
    rejected = ann.get(f"tasks?overdue={value}")

    assert field_errors(rejected) == {"overdue": "type"}
