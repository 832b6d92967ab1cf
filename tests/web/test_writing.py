"""Equality of the compiled serializer and marshmallow."""

from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
from flask import current_app

from taskapi.web.openapi.conversion import component_name
from taskapi.web.schema import Schema
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client
from tests.helpers.rows import store_user
from tests.import_export.files import json_lines, send_file
from tests.openapi_components import OUTPUTS

INSIDE = {
    "UserStats",
    "FieldError",
    "PriorityCounts",
    "Problem",
    "StatusCounts",
    "Tag",
    "TruncatedLine",
}
"""Schemas that are compared as part of others, or not serialized by a schema."""

READ = [
    "tasks?sort=due_date",
    "tags",
    "projects",
    "tasks/stats",
    "tasks/admin/stats",
    "users",
    "users/me",
    "api-keys",
    "auth/sessions",
    "/health",
    "/health/live",
    "/api/v1",
]
TREE = {
    "title": "Sow",
    "status": "completed",
    "due_date": "2036-12-24",
    "tags": ["garden", "spring"],
    "subtasks": [{"title": "Dig", "due_date": "2026-12-24T18:00:00+01:00"}],
}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Return the names of the responses that were written, each compared."""
    dump, seen = Schema.dump, set()

    def check(self: Schema, obj: Any, **options: Any) -> Any:
        written = dump(self, obj, **options)
        expected = marshmallow.Schema.dump(self, obj)
        assert current_app.json.dumps(written) == current_app.json.dumps(expected)
        seen.add(component_name(self))
        return written

    monkeypatch.setattr(Schema, "dump", check)
    return seen


def test_serializer_output_equals_marshmallow(
    ann: Client, bob: Client, compared: set[str]
) -> None:
    store_user(ann, email_verified=True)
    run(ann.app, "users", "promote", "ann@example.org")
    login = ann.post("auth/login", {"email": "ann@example.org", "password": PASSWORD})
    made = ann.post("tasks", TREE)
    key = ann.post("api-keys", {"name": "backup"})
    task = made.json["id"]
    shared = ann.post("projects", {"name": "Garden"}).json["id"]
    other = bob.post("projects", {"name": "House"}).json["id"]
    changes = {"create": [TREE], "update": [{"id": task, "title": "Sew"}]}

    responses = [
        *(login, made, key),
        bob.post(f"projects/{other}/invitations", {"email": "ann@example.org"}),
        bob.post(f"projects/{other}/invitations", {}),
        bob.get(f"projects/{other}/invitations"),
        ann.get("invitations"),
        ann.post("tasks/bulk", changes),
        ann.patch(f"tasks/{task}", {"description": "Soon"}),
        ann.get(f"tasks/{task}?expand=subtasks"),
        ann.get(f"api-keys/{key.json['id']}"),
        send_file(ann, json_lines({"title": "Sow"})),
        ann.get("users/me/export"),
        *(ann.get(path) for path in READ),
        ann.get(f"projects/{ann.project_id}"),
        ann.get(f"projects/{ann.project_id}/members"),
        ann.patch(f"projects/{shared}/members/{ann.user['id']}", {"role": "owner"}),
    ]

    assert {response.status_code for response in responses} == {200, 201}
    assert OUTPUTS - compared <= INSIDE
