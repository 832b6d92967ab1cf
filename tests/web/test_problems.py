"""Problem details (RFC 9457) of every error."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from taskapi import clock
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.web.conftest import SECRET

pytestmark = pytest.mark.one_database

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
LOGIN = {"email": "ann@example.org", "password": PASSWORD}
OTHER = {"Authorization": "Bearer x.y.z"}
UNKNOWN_KEY = {"Authorization": "Bearer tsk_00000000_x"}
CALLS: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "malformed-json": (400, "POST", "tasks", {"data": "{"}),
    "token-missing": (401, "GET", "tasks", {"headers": {"Authorization": ""}}),
    "token-invalid": (401, "GET", "tasks", {"headers": OTHER}),
    "api-key-invalid": (401, "GET", "tasks", {"headers": UNKNOWN_KEY}),
    "invalid-credentials": (
        401,
        "POST",
        "auth/login",
        {"json": LOGIN | {"password": "no"}},
    ),
    "admin-required": (403, "GET", "users", {}),
    "not-found": (404, "GET", "tasks/0", {}),
    "method-not-allowed": (405, "DELETE", "tasks", {}),
    "already-exists": (409, "POST", "auth/register", {"json": LOGIN}),
    "precondition-failed": (
        412,
        "PATCH",
        "tasks/{id}",
        {"json": {}, "headers": {"If-Match": '"9"'}},
    ),
    "payload-too-large": (413, "POST", "tasks", {"data": " " * (2**20 + 1)}),
    "unsupported-media-type": (415, "POST", "tasks", {"data": "Tea"}),
    "validation-error": (422, "POST", "tasks", {"json": {}}),
    "invalid-cursor": (422, "GET", "tasks?cursor=x", {}),
}
TESTED_SEPARATELY = {
    "bad-request",
    "token-expired",
    "session-revoked",
    "api-key-expired",
    "insufficient-scope",
    "session-required",
    "role-required",
    "personal-project",
    "last-owner",
    "account-disabled",
    "email-not-verified",
    "registration-closed",
    "last-admin",
    "limit-reached",
    "parent-cycle",
    "parent-too-deep",
    "idempotency-key-reused",
    "request-in-progress",
    "precondition-required",
    "uri-too-long",
    "expectation-failed",
    "headers-too-large",
    "not-implemented",
    "rate-limited",
    "internal-error",
    "service-unavailable",
}


def call(client: Client, code: str, task_id: int) -> Any:
    """Send the request of the table that is rejected with this code."""
    _, method, path, options = CALLS[code]
    options = dict(options)
    if "data" in options and code != "unsupported-media-type":
        options["headers"] = {"Content-Type": "application/json"}
    return client.call(method, path.format(id=task_id), **options)


@pytest.mark.parametrize("code", CALLS)
def test_error_has_the_problem_members(
    ann: Client, task: dict[str, Any], code: str
) -> None:
    response = call(ann, code, task["id"])

    problem = assert_problem(response, CALLS[code][0], code)
    path = CALLS[code][2].format(id=task["id"]).partition("?")[0]
    assert set(problem) >= MEMBERS
    assert problem["instance"] == f"/api/v1/{path}"
    assert problem["detail"].endswith(".")
    assert ann.get("tasks").json["items"] == [task]


def test_every_problem_type_is_tested(anonymous: Client) -> None:
    listed = anonymous.get("/problems", headers={"Accept": "application/json"}).json

    codes = {problem["code"] for problem in listed}
    assert codes == set(CALLS) | TESTED_SEPARATELY


def test_unknown_host_returns_400(app_with: Callable[..., Flask]) -> None:
    anonymous = Client(app_with(trusted_hosts=("tasks.example.org",)))

    response = anonymous.get("/health/live", base_url="http://evil.example.org")

    assert_problem(response, 400, "bad-request")
    assert "evil" not in response.text


def test_expired_token_returns_401(ann: Client) -> None:
    with time_machine.travel(timedelta(hours=1)):
        response = ann.get("tasks")

    assert_problem(response, 401, "token-expired")


def test_token_of_ended_session_returns_401(ann: Client) -> None:
    ann.post("auth/logout", {})

    response = ann.get("tasks")

    assert_problem(response, 401, "session-revoked")


def test_expired_api_key_returns_401(ann: Client) -> None:
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    key = ann.post("api-keys", {"name": "ci", "expires_at": ends}).json["api_key"]

    with time_machine.travel(timedelta(hours=2)):
        response = Client(ann.app).get("tasks", headers={"X-API-Key": key})

    assert_problem(response, 401, "api-key-expired")


def test_api_key_without_scope_returns_403(ann: Client) -> None:
    key = ann.post("api-keys", {"name": "ci"}).json["api_key"]

    response = Client(ann.app).get("users/me", headers={"X-API-Key": key})

    assert_problem(response, 403, "insufficient-scope")


def test_api_key_returns_403_if_session_is_required(ann: Client) -> None:
    key = ann.post("api-keys", {"name": "ci"}).json["api_key"]

    response = Client(ann.app).get("api-keys", headers={"X-API-Key": key})

    assert_problem(response, 403, "session-required")


def test_login_to_disabled_account_returns_403(app: Flask, ann: Client) -> None:
    run(app, "users", "deactivate", "ann@example.org")

    response = ann.post("auth/login", LOGIN, headers={"Authorization": ""})

    assert_problem(response, 403, "account-disabled")


def test_login_with_unverified_email_returns_403_if_required(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    strict = Client(app_with(require_verified_email=True))

    response = strict.post("auth/login", LOGIN)

    assert_problem(response, 403, "email-not-verified")


def test_deletion_of_last_admin_returns_409(app: Flask, ann: Client) -> None:
    run(app, "users", "promote", "ann@example.org")

    response = ann.delete("users/me", {"password": PASSWORD})

    assert_problem(response, 409, "last-admin")


def test_closed_registration_returns_403(app_with: Callable[..., Flask]) -> None:
    anonymous = Client(app_with(registration="closed"))

    response = anonymous.post("auth/register", LOGIN)

    assert_problem(response, 403, "registration-closed")


def test_write_without_if_match_returns_428_if_required(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    strict = Client(app_with(require_if_match=True))
    strict.tokens = ann.tokens

    response = strict.patch("users/me", {})

    assert_problem(response, 428, "precondition-required")


def test_request_above_the_limit_returns_429(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    limited = Client(app_with(ratelimit_enabled=True, ratelimit_per_minute=1))
    limited.tokens = ann.tokens

    first, second = limited.get("tasks"), limited.get("tasks")

    assert first.status_code == 200
    assert_problem(second, 429, "rate-limited")
    assert int(second.headers["Retry-After"]) > 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_internal_error_reveals_nothing(failing: Client, method: str) -> None:
    response = failing.call(method, "/fails", json={"title": "Tea"})

    problem = assert_problem(response, 500, "internal-error")
    assert set(problem) == MEMBERS
    assert SECRET not in response.text
    assert "RuntimeError" not in response.text


def test_internal_error_has_the_common_headers(failing: Client) -> None:
    response = failing.get("/fails", headers={"X-Request-ID": "seen-by-me"})

    assert response.headers["X-Request-ID"] == "seen-by-me"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/tasks.db", "postgresql+psycopg://ann@127.0.0.1:1/tasks"],
    ids=["no file", "no server"],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "tasks"), ("POST", "tasks"), ("POST", "auth/register")]
)
def test_unreachable_database_returns_503_with_retry_after(
    make_app: Callable[..., Flask], ann: Client, url: str, method: str, path: str
) -> None:
    client = Client(make_app(database_url=url))
    client.tokens = ann.tokens

    response = client.call(method, path, json=LOGIN)

    assert_problem(response, 503, "service-unavailable")
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("code", sorted(set(CALLS) | TESTED_SEPARATELY))
def test_problem_type_is_url_of_its_page(anonymous: Client, code: str) -> None:
    program = anonymous.get(f"/problems/{code}")
    browser = anonymous.get(f"/problems/{code}", headers={"Accept": "text/html"})

    assert (program.status_code, program.json["code"]) == (200, code)
    assert (browser.status_code, browser.mimetype) == (200, "text/html")
    assert code in browser.text


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/%C3%A9", "/%C3%A9"),
        ("/a b", "/a%20b"),
        ("/%22%3Cscript%3E", "/%22%3Cscript%3E"),
        ("/%0D%0ASet-Cookie:x", "/%0D%0ASet-Cookie%3Ax"),
        ("/x?secret=1", "/x"),
    ],
)
def test_instance_is_an_escaped_path(
    anonymous: Client, path: str, instance: str
) -> None:
    response = anonymous.get(path)

    assert assert_problem(response, 404, "not-found")["instance"] == instance
