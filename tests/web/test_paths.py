"""Paths: trailing slashes, HEAD and unsupported methods."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers.client import Client, assert_problem

# paths do not depend on the database
pytestmark = pytest.mark.one_database

ALLOWED = {
    "/api/v1/tasks": {"GET", "HEAD", "OPTIONS", "POST"},
    "/api/v1/tasks/1": {"GET", "HEAD", "OPTIONS", "PATCH", "PUT", "DELETE"},
    "/api/v1/users/me": {"GET", "HEAD", "OPTIONS", "PATCH", "PUT", "DELETE"},
    "/api/v1/auth/register": {"OPTIONS", "POST"},
    "/api/v1/auth/login": {"OPTIONS", "POST"},
    "/api/v1": {"GET", "HEAD", "OPTIONS"},
    "/health": {"GET", "HEAD", "OPTIONS"},
    "/openapi.json": {"GET", "HEAD", "OPTIONS"},
    "/": {"GET", "HEAD", "OPTIONS"},
}
READABLE = {
    "/",
    "/api/v1",
    "/api/v1/api-keys",
    "/api/v1/api-keys/<id:key_id>",
    "/api/v1/auth/sessions",
    "/api/v1/invitations",
    "/api/v1/projects",
    "/api/v1/projects/<id:project_id>",
    "/api/v1/projects/<id:project_id>/invitations",
    "/api/v1/projects/<id:project_id>/members",
    "/api/v1/tasks",
    "/api/v1/tasks/<id:task_id>",
    "/api/v1/tasks/stats",
    "/api/v1/tasks/admin/stats",
    "/api/v1/tags",
    "/api/v1/users",
    "/api/v1/users/<id:user_id>",
    "/api/v1/users/me",
    "/api/v1/users/me/export",
    "/docs",
    "/guides",
    "/guides/<guide_name>",
    "/health",
    "/health/live",
    "/openapi.json",
    "/problems",
    "/problems/<code>",
    "/static/<name>",
}
STREAMED = {"/api/v1/users/me/export"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "tasks", 200),
        ("POST", "tasks", 201),
        ("GET", "tasks/{id}", 200),
        ("PATCH", "tasks/{id}", 200),
        ("PUT", "tasks/{id}", 200),
        ("DELETE", "tasks/{id}", 204),
        ("GET", "users/me", 200),
        ("GET", "users/me/export", 200),
        ("GET", "/api/v1", 200),
        ("GET", "/health", 200),
        ("GET", "/health/live", 200),
        ("GET", "/problems", 200),
        ("GET", "/problems/not-found", 200),
    ],
)
def test_trailing_slash_is_ignored(
    ann: Client, task: dict[str, Any], method: str, path: str, status: int
) -> None:
    address = path.format(id=task["id"])

    response = ann.call(method, f"{address}/", json={"title": "Tea"})

    assert response.status_code == status
    assert ("Location" in response.headers) == (status == 201)


def test_readable_paths_are_all_tested(app: Flask) -> None:
    readable = {r.rule for r in app.url_map.iter_rules() if "GET" in (r.methods or ())}

    assert readable == READABLE


def shown(response: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """Return a response without its date, time and request id; close its file."""
    own = {"X-Request-ID", "Date", "Server-Timing"}
    with response:
        headers = {k: v for k, v in response.headers if k not in own}
        return response.status_code, headers, response.data


@pytest.mark.parametrize("rule", sorted(READABLE))
def test_head_returns_headers_of_get_without_body(
    ann: Client, task: dict[str, Any], rule: str
) -> None:
    path = rule.replace("<id:task_id>", str(task["id"]))
    path = path.replace("<id:project_id>", str(ann.project_id))
    path = path.replace("<code>", "not-found").replace("<name>", "pages.css")
    path = path.replace("<guide_name>", "writes")

    status, headers, body = shown(ann.get(path))
    head = shown(ann.call("HEAD", path))

    assert head == (status, headers, b"")
    assert body
    length = None if rule in STREAMED else f"{len(body)}"
    assert headers.get("Content-Length") == length


def test_head_supports_if_none_match(ann: Client, task: dict[str, Any]) -> None:
    path = f"tasks/{task['id']}"

    response = ann.call("HEAD", path, headers={"If-None-Match": '"1"'})

    assert (response.status_code, response.headers["ETag"]) == (304, '"1"')


@pytest.mark.parametrize("path", ["tasks/0", "tasks?limit=0", "nowhere"])
def test_head_returns_status_of_get_errors(ann: Client, path: str) -> None:
    got, head = ann.get(path), ann.call("HEAD", path)

    assert head.status_code == got.status_code
    assert head.content_type == "application/problem+json"
    assert head.data == b""


@pytest.mark.parametrize("path", ALLOWED)
def test_unknown_method_returns_405_with_allow(ann: Client, path: str) -> None:
    response = ann.call("BREW", path)

    assert_problem(response, 405, "method-not-allowed")
    assert set(response.headers["Allow"].split(", ")) == ALLOWED[path]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "tasks"),
        ("PATCH", "tasks"),
        ("PUT", "tasks"),
        ("POST", "tasks/1"),
        ("POST", "users/me"),
        ("GET", "auth/register"),
        ("GET", "auth/logout"),
        ("POST", "/health"),
        ("DELETE", "/"),
    ],
)
def test_unsupported_method_returns_405_with_allow(
    ann: Client, method: str, path: str
) -> None:
    response = ann.call(method, path, json={"title": "Tea"})

    assert_problem(response, 405, "method-not-allowed")
    assert method not in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/v2/tasks",
        "/api/v1/Tasks",
        "/api/v1//tasks",
        "/api/v1/tasks//",
        "//api/v1/tasks",
        "/api/v1/task",
        "/problems/nothing",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fapp.py",
        "/static/nothing.css",
        "/%00",
        "/%ff",
    ],
)
def test_unknown_path_returns_404(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert_problem(response, 404, "not-found")


def test_browser_gets_the_same_problem(anonymous: Client) -> None:
    response = anonymous.get("/nowhere", headers={"Accept": "text/html"})

    assert_problem(response, 404, "not-found")
