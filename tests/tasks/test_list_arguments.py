"""Query parameters: known names only, each once, and with a value."""

from typing import Any

import pytest

from taskapi.tasks import conditions
from taskapi.tasks.filters import TaskListArguments
from taskapi.web.pagination import PageArguments
from tests.helpers.client import Client, field_errors

pytestmark = pytest.mark.one_database

REPEATABLE = "tag"
PARAMETERS = sorted(TaskListArguments().fields.keys() - {REPEATABLE})
SINGLE = [name for name in PARAMETERS if name not in {"status", "priority", "ids"}]


def test_each_list_parameter_is_documented(anonymous: Client) -> None:
    document = anonymous.get("/openapi.json").json

    described = document["paths"]["/api/v1/tasks"]["get"]["parameters"]

    names = {parameter["name"] for parameter in described if "name" in parameter}
    assert names == {*PARAMETERS, REPEATABLE}


def test_each_filter_is_translated_or_has_a_condition() -> None:
    arguments = set(TaskListArguments().fields) - set(PageArguments().fields)

    missing = arguments - conditions.NAMES - conditions.TRANSLATED.keys()

    assert missing == {"sort"}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_without_value_is_rejected(ann: Client, name: str) -> None:
    response = ann.get(f"tasks?{name}=")

    assert set(field_errors(response)) == {name}


@pytest.mark.parametrize("name", SINGLE)
def test_repeated_parameter_is_rejected(ann: Client, name: str) -> None:
    response = ann.get(f"tasks?{name}=1&{name}=1")

    assert field_errors(response) == {name: "repeated"}


@pytest.mark.parametrize(
    "query",
    ["status=todo,cancelled", "status=todo&status=cancelled"],
    ids=["by comma", "repeated, as generated clients do"],
)
def test_list_values_are_repeated_or_comma_separated(ann: Client, query: str) -> None:
    wanted = [ann.create_task(status=status)["id"] for status in ("todo", "cancelled")]
    ann.create_task(status="completed")

    found = ann.get(f"tasks?{query}&sort=created_at").json["items"]

    assert [task["id"] for task in found] == wanted


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("limits", "limit"),
        ("Limit", "limit"),
        ("stat", "status"),
        ("due_befor", "due_before"),
        ("includeTotal", "include_total"),
    ],
)
def test_unknown_parameter_is_rejected_with_a_hint(
    ann: Client, name: str, hint: str
) -> None:
    response = ann.get(f"tasks?{name}=5")

    assert field_errors(response) == {name: "unknown"}
    assert f"Did you mean {hint}?" in response.json["errors"][0]["hint"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x", "x"),
        ("owner_id", "owner_id"),
        ("a/b~c", "a/b~c"),
        ("%00", "\0"),
        ("%C3%A9", "\u00e9"),
        ("n" * 3000, "n" * 3000),
    ],
    ids=["plain", "a field", "slash and tilde", "NUL", "not ASCII", "long"],
)
def test_unknown_parameter_without_similar_name_is_rejected(
    ann: Client, name: str, shown: str
) -> None:
    response = ann.get(f"tasks?{name}=5")

    assert field_errors(response) == {shown: "unknown"}


def test_parameter_name_that_is_not_text_is_rejected(ann: Client) -> None:
    response = ann.get("tasks?%FF=5")

    assert list(field_errors(response).values()) == ["unknown"]


def test_query_errors_are_reported_together(ann: Client) -> None:
    response = ann.get("tasks?limit=0&status=x&due_after=now&ids=a&sort=x&nope=1")

    assert field_errors(response) == {
        "limit": "range",
        "status": "choice",
        "due_after": "format",
        "ids": "type",
        "sort": "choice",
        "nope": "unknown",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "tasks/{id}"),
        ("PUT", "tasks/{id}"),
        ("POST", "tasks"),
        ("GET", "users/me"),
        ("PATCH", "users/me"),
        ("POST", "auth/logout"),
        ("GET", "/api/v1"),
    ],
)
def test_operation_without_parameters_rejects_a_query(
    ann: Client, task: dict[str, Any], method: str, path: str
) -> None:
    address = path.format(id=task["id"])

    response = ann.call(method, f"{address}?limit=1&x=1&x=2", json={"title": "Tea"})

    assert field_errors(response) == {"limit": "unknown", "x": "unknown"}
    assert ann.get("tasks").json["items"] == [task]
