"""Creation of tasks: defaults, stored values and validation."""

from typing import Any

import pytest

from tests.helpers.client import Client, field_errors

VOLATILE = {"id", "created_at", "updated_at"}
EMOJI = "\N{GRINNING FACE}"


def test_create_requires_only_a_title(ann: Client) -> None:
    response = ann.post("tasks", {"title": "Water the plants"})

    assert response.status_code == 201
    assert response.json.keys() >= VOLATILE
    assert (
        response.json.items()
        >= {
            "project_id": ann.project_id,
            "owner_id": ann.user["id"],
            "assignee_id": None,
            "parent_id": None,
            "external_id": None,
            "title": "Water the plants",
            "description": None,
            "status": "todo",
            "priority": "medium",
            "due_date": None,
            "tags": [],
            "is_overdue": False,
            "progress": 0.0,
            "subtask_count": 0,
            "completed_at": None,
            "deleted_at": None,
            "version": 1,
        }.items()
    )


def test_create_stores_all_fields(ann: Client) -> None:
    given = {
        "title": "Water the plants",
        "description": "All of them",
        "status": "in_progress",
        "priority": "urgent",
        "due_date": "2036-12-24",
    }

    task = ann.create_task(**given)

    assert ann.get(f"tasks/{task['id']}").json.items() >= given.items()


def test_create_returns_location_and_etag(ann: Client) -> None:
    response = ann.post("tasks", {"title": "Water the plants"})

    assert response.headers["Location"] == f"/api/v1/tasks/{response.json['id']}"
    assert response.headers["ETag"] == '"1"'
    assert ann.get(response.headers["Location"]).json == response.json


def test_new_task_has_equal_timestamps(ann: Client) -> None:
    task = ann.create_task()

    assert task["created_at"].endswith("Z")
    assert task["updated_at"] == task["created_at"]


@pytest.mark.one_database
@pytest.mark.parametrize("method", ["POST", "GET", "LIST", "PATCH", "PUT"])
def test_response_contains_exactly_the_documented_fields(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    document = ann.get("/openapi.json").json
    documented = document["components"]["schemas"]["Task"]["properties"]

    one = f"tasks/{task['id']}"
    shown = {
        "POST": lambda: ann.post("tasks", {"title": "Another"}).json,
        "GET": lambda: ann.get(one).json,
        "LIST": lambda: ann.get("tasks").json["items"][0],
        "PATCH": lambda: ann.patch(one, {"title": "Another"}).json,
        "PUT": lambda: ann.put(one, {}).json,
    }[method]()

    assert set(shown) == set(documented)
    assert set(shown) == set(task)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "title",
    ["  Tea  ", "\n\tTea\r\n", "\N{NO-BREAK SPACE}Tea\N{EM SPACE}"],
    ids=["spaces", "line ends", "wide spaces"],
)
def test_title_is_trimmed(ann: Client, title: str) -> None:
    task = ann.create_task(title=title)

    assert task["title"] == "Tea"


@pytest.mark.one_database
@pytest.mark.parametrize(
    "character", ["x", "\u00e9", EMOJI], ids=["ASCII", "accented", "outside the BMP"]
)
def test_title_has_up_to_255_characters(ann: Client, character: str) -> None:
    longest = character * 255

    task = ann.create_task(title=f" {longest} ")
    response = ann.post("tasks", {"title": longest + character})

    assert ann.get(f"tasks/{task['id']}").json["title"] == longest
    assert field_errors(response) == {"#/title": "length"}


@pytest.mark.parametrize("character", ["x", EMOJI], ids=["ASCII", "outside the BMP"])
def test_description_has_up_to_10000_characters(ann: Client, character: str) -> None:
    longest = character * 10_000

    task = ann.create_task(description=longest)
    response = ann.post("tasks", {"title": "Tea", "description": longest + character})

    assert ann.get(f"tasks/{task['id']}").json["description"] == longest
    assert field_errors(response) == {"#/description": "length"}


@pytest.mark.parametrize(
    "description",
    ["", "  one\n\n\ttwo\r\n  ", "\N{ZERO WIDTH JOINER}\N{LINE SEPARATOR}\u0007"],
    ids=["empty", "lines and tabs", "special characters"],
)
def test_description_is_stored_unchanged(ann: Client, description: str) -> None:
    task = ann.create_task(description=description)

    assert ann.get(f"tasks/{task['id']}").json["description"] == description


@pytest.mark.one_database
@pytest.mark.parametrize("field", ["description", "due_date"])
def test_null_equals_omission_of_an_optional_field(ann: Client, field: str) -> None:
    task = ann.create_task(**{field: None})

    assert task[field] is None


@pytest.mark.one_database
@pytest.mark.parametrize("field", ["title", "status", "priority"])
def test_null_is_rejected_for_a_required_field(ann: Client, field: str) -> None:
    response = ann.post("tasks", {"title": "Tea", field: None})

    assert field_errors(response) == {f"#/{field}": "null"}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", "length"),
        (" \t\n\N{NO-BREAK SPACE}", "length"),
        ("one\ntwo", "control"),
        ("one\ttwo", "control"),
        ("bell\u0007", "control"),
        ("delete\u007f", "control"),
        ("next line\u0085 more", "control"),
        ("nul\u0000", "characters"),
    ],
    ids=["empty", "blank", "newline", "tab", "bell", "delete", "C1", "NUL"],
)
def test_title_rejects_control_characters(ann: Client, title: str, code: str) -> None:
    response = ann.post("tasks", {"title": title})

    assert field_errors(response) == {"#/title": code}
    assert ann.get("tasks").json["items"] == []


@pytest.mark.one_database
@pytest.mark.parametrize("status", ["todo", "in_progress", "completed", "cancelled"])
def test_create_accepts_each_status(ann: Client, status: str) -> None:
    task = ann.create_task(status=status)

    assert ann.get(f"tasks/{task['id']}").json["status"] == status


@pytest.mark.one_database
@pytest.mark.parametrize("priority", ["low", "medium", "high", "urgent"])
def test_create_accepts_each_priority(ann: Client, priority: str) -> None:
    task = ann.create_task(priority=priority)

    assert ann.get(f"tasks/{task['id']}").json["priority"] == priority


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "done"), ("status", "TODO"), ("status", ""), ("priority", "medium ")],
    ids=["unknown", "in capitals", "empty", "not trimmed"],
)
def test_status_and_priority_are_case_sensitive(
    ann: Client, field: str, value: str
) -> None:
    response = ann.post("tasks", {"title": "Tea", field: value})

    assert field_errors(response) == {f"#/{field}": "choice"}


def test_new_completed_task_has_completed_at(
    ann: Client,
) -> None:
    task = ann.create_task(status="completed")

    assert task["completed_at"] == task["created_at"]


@pytest.mark.parametrize("status", ["todo", "in_progress", "cancelled"])
def test_new_open_task_has_no_completed_at(ann: Client, status: str) -> None:
    task = ann.create_task(status=status)

    assert task["completed_at"] is None
