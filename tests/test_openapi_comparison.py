"""Compatibility with clients of the last release."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.openapi_comparison import breaks

ROOT = Path(__file__).parents[1]
ADVICE = """
Clients of the last release would break. Keep the existing API and add to it. If this is
not possible, describe in CHANGELOG.md what clients must change, and update
tests/openapi-released.json as described in CONTRIBUTING.md, "Release"."""
TASKS = "paths./api/v1/tasks"
TASK = "components.schemas.Task.properties"
INPUT = "components.schemas.TaskCreate"
STATUS = "components.schemas.TaskStatus"
SENT = f"{INPUT}.properties"
LIMIT = f"{TASKS}.get.parameters.0"
DELETED = object()
BREAKS: dict[str, tuple[str, Any, str]] = {
    "path": (TASKS, DELETED, "operation POST /api/v1/tasks was removed"),
    "method": (f"{TASKS}.post", DELETED, "operation POST /api/v1/tasks was removed"),
    "name": (f"{TASKS}.post.operationId", "add_task", "operationId create_task was"),
    "field": (f"{TASK}.title", DELETED, "GET /api/v1/tasks: 200: items: items: field"),
    "absence": ("components.schemas.Task.required", ["id"], "title may be missing now"),
    "null": (f"{TASK}.title.type", ["string", "null"], "title: may be null now"),
    "type": (f"{TASK}.id.type", "string", "id: may be string now"),
    "form": (f"{TASK}.created_at.format", DELETED, "format date-time was removed"),
    "value": (f"{STATUS}.enum", ["todo"], "status: value completed was removed"),
    "choice": (f"{SENT}.title.enum", ["a"], "title: value of any kind was removed"),
    "input": (
        f"{SENT}.title",
        DELETED,
        "POST /api/v1/tasks: body: field title was removed",
    ),
    "need": (f"{INPUT}.required", ["title", "tags"], "field tags is required now"),
    "kind": (f"{SENT}.due_date.type", "string", "due_date: type null was removed"),
    "length": (f"{SENT}.title.maxLength", 200, "maxLength is 200 now, it was 255"),
    "least": (f"{SENT}.title.minLength", 2, "minLength is 2 now, it was 1"),
    "limit": (f"{STATUS}.maxLength", 9, "maxLength is 9 now, it was None"),
    "many": (f"{SENT}.tags.maxItems", 10, "maxItems is 10 now, it was 20"),
    "item": (
        "components.schemas.TagName.maxLength",
        9,
        "tags: items: maxLength is 9 now",
    ),
    "pattern": (f"{SENT}.title.pattern", "^a", "title: pattern was changed"),
    "parameter": (
        LIMIT,
        DELETED,
        "GET /api/v1/tasks: query parameter limit was removed",
    ),
    "demand": (f"{LIMIT}.required", True, "query parameter limit is required now"),
    "range": (f"{LIMIT}.schema.maximum", 50, "maximum is 50 now, it was 100"),
    "body": (
        f"{TASKS}.post.requestBody",
        DELETED,
        "media type application/json was removed",
    ),
    "status": (f"{TASKS}.post.responses.201", DELETED, "response 201 was removed"),
    "header": (
        f"{TASKS}.post.responses.201.headers.ETag",
        DELETED,
        "header ETag was removed",
    ),
    "login": (
        "paths./health.get.security",
        [{"bearer": []}],
        "security scheme {} was removed",
    ),
    "scope": (f"{TASKS}.get.security.2", DELETED, "['tasks:read']} was removed"),
    "problem": (
        "components.responses.NotFound.content.application/problem+json.examples",
        {},
        "problem not-found was removed",
    ),
}
HARMLESS: dict[str, tuple[str, Any]] = {
    "operation": ("paths./api/v2", {}),
    "field": (f"{TASK}.colour", {"type": "string"}),
    "input": (f"{SENT}.colour", {"type": "string"}),
    "value": (f"{STATUS}.enum.4", "waiting"),
    "length": (f"{SENT}.title.maxLength", 300),
    "no-limit": (f"{SENT}.title.maxLength", DELETED),
    "no-need": (f"{INPUT}.required", []),
    "words": (f"{TASKS}.post.summary", "Create a task"),
    "error": (f"{TASKS}.post.responses.409", DELETED),
    "public": (f"{TASKS}.get.security", []),
    "tighter": (f"{TASK}.title.maxLength", 100),
}


@pytest.fixture(scope="module")
def released() -> Any:
    """Return the document of the last release."""
    return json.loads((ROOT / "tests/openapi-released.json").read_text())


@pytest.fixture(scope="module")
def current() -> Any:
    """Return the current document."""
    return json.loads((ROOT / "docs/openapi.json").read_text())


def changed(document: Any, path: str, value: Any) -> Any:
    """Return a copy with another value at a path; paths of the API have no dots."""
    copied = copy.deepcopy(document)
    *parents, last = [int(s) if s.isdigit() and s < "2" else s for s in path.split(".")]
    target = copied
    for step in parents:
        target = target[step]
    set_member(target, last, value)
    return copied


def set_member(target: Any, last: Any, value: Any) -> None:
    if isinstance(target, list):
        target[int(last) : int(last) + 1] = [] if value is DELETED else [value]
    elif value is DELETED:
        del target[last]
    else:
        target[last] = value


def test_released_document_has_no_breaking_change(released: Any, current: Any) -> None:
    found = breaks(released, current)

    assert not found, "\n".join([*found, ADVICE])


@pytest.mark.parametrize(("path", "value", "message"), BREAKS.values(), ids=BREAKS)
def test_breaking_change_is_reported(
    current: Any, path: str, value: Any, message: str
) -> None:
    found = breaks(current, changed(current, path, value))

    assert [sentence for sentence in found if message in sentence], found


def test_renamed_schema_is_reported(current: Any) -> None:
    renamed = json.loads(json.dumps(current).replace('/Task"', '/ToDo"'))
    schemas = renamed["components"]["schemas"]
    schemas["ToDo"] = schemas.pop("Task")

    found = breaks(current, renamed)

    assert found == ["schema Task was removed"]


@pytest.mark.parametrize(("path", "value"), HARMLESS.values(), ids=HARMLESS)
def test_compatible_change_is_not_reported(current: Any, path: str, value: Any) -> None:
    found = breaks(current, changed(current, path, value))

    assert found == []
