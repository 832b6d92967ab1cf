"""Every refusal is problem details (RFC 9457) that a program and a person can use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from taskapi import clock
from tests.backstage import run
from tests.support import PASSWORD, Client, refused
from tests.web.conftest import SECRET

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
TOLD_BELOW = {
    "bad-request",
    "token-expired",
    "session-revoked",
    "api-key-expired",
    "insufficient-scope",
    "session-required",
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

one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def call(person: Client, code: str, task_id: int) -> Any:
    """Make the call of the table that is refused with this code."""
    _, method, path, options = CALLS[code]
    options = dict(options)
    if "data" in options and code != "unsupported-media-type":
        options["headers"] = {"Content-Type": "application/json"}
    return person.call(method, path.format(id=task_id), **options)


@pytest.mark.parametrize("code", CALLS)
def test_a_refusal_is_a_problem_with_these_members(
    ann: Client, task: dict[str, Any], code: str
) -> None:
    answer = call(ann, code, task["id"])

    problem = refused(answer, CALLS[code][0], code)
    path = CALLS[code][2].format(id=task["id"]).partition("?")[0]
    assert set(problem) >= MEMBERS
    assert problem["instance"] == f"/api/v1/{path}"
    assert problem["detail"].endswith(".")
    assert ann.get("tasks").json["items"] == [task]


def test_every_kind_of_problem_has_a_test(anyone: Client) -> None:
    listed = anyone.get("/problems", headers={"Accept": "application/json"}).json

    codes = {problem["code"] for problem in listed}
    assert codes == set(CALLS) | TOLD_BELOW


def test_a_host_that_is_not_served_is_refused(twin: Callable[..., Flask]) -> None:
    anyone = Client(twin(trusted_hosts=("tasks.example.org",)))

    answer = anyone.get("/health/live", base_url="http://evil.example.org")

    refused(answer, 400, "bad-request")
    assert "evil" not in answer.text


def test_an_expired_token_is_refused(ann: Client) -> None:
    with time_machine.travel(timedelta(hours=1)):
        answer = ann.get("tasks")

    refused(answer, 401, "token-expired")


def test_a_token_of_an_ended_session_is_refused(ann: Client) -> None:
    ann.post("auth/logout", {})

    answer = ann.get("tasks")

    refused(answer, 401, "session-revoked")


def test_an_expired_key_is_refused(ann: Client) -> None:
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    key = ann.post("api-keys", {"name": "ci", "expires_at": ends}).json["api_key"]

    with time_machine.travel(timedelta(hours=2)):
        answer = Client(ann.app).get("tasks", headers={"X-API-Key": key})

    refused(answer, 401, "api-key-expired")


def test_a_key_without_the_scope_is_refused(ann: Client) -> None:
    key = ann.post("api-keys", {"name": "ci"}).json["api_key"]

    answer = Client(ann.app).get("users/me", headers={"X-API-Key": key})

    refused(answer, 403, "insufficient-scope")


def test_a_key_is_refused_where_a_session_is_needed(ann: Client) -> None:
    key = ann.post("api-keys", {"name": "ci"}).json["api_key"]

    answer = Client(ann.app).get("api-keys", headers={"X-API-Key": key})

    refused(answer, 403, "session-required")


def test_a_disabled_account_is_refused(app: Flask, ann: Client) -> None:
    run(app, "users", "deactivate", "ann@example.org")

    answer = ann.post("auth/login", LOGIN, headers={"Authorization": ""})

    refused(answer, 403, "account-disabled")


def test_an_unverified_email_is_refused_where_that_matters(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    strict = Client(twin(require_verified_email=True))

    answer = strict.post("auth/login", LOGIN)

    refused(answer, 403, "email-not-verified")


def test_the_last_admin_is_kept(app: Flask, ann: Client) -> None:
    run(app, "users", "promote", "ann@example.org")

    answer = ann.delete("users/me", {"password": PASSWORD})

    refused(answer, 409, "last-admin")


def test_a_closed_registration_is_refused(twin: Callable[..., Flask]) -> None:
    anyone = Client(twin(registration="closed"))

    answer = anyone.post("auth/register", LOGIN)

    refused(answer, 403, "registration-closed")


def test_a_write_without_a_tag_is_refused_where_one_is_required(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    strict = Client(twin(require_if_match=True))
    strict.tokens = ann.tokens

    answer = strict.patch("users/me", {})

    refused(answer, 428, "precondition-required")


def test_a_caller_who_asks_too_often_is_refused(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    hasty = Client(twin(ratelimit_enabled=True, ratelimit_per_minute=1))
    hasty.tokens = ann.tokens

    first, second = hasty.get("tasks"), hasty.get("tasks")

    assert first.status_code == 200
    refused(second, 429, "rate-limited")
    assert int(second.headers["Retry-After"]) > 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_view_that_fails_shows_nothing_of_the_inside(
    failing: Client, method: str
) -> None:
    answer = failing.call(method, "/fails", json={"title": "Tea"})

    problem = refused(answer, 500, "internal-error")
    assert set(problem) == MEMBERS
    assert SECRET not in answer.text
    assert "RuntimeError" not in answer.text


def test_a_failure_is_answered_with_the_headers_of_any_answer(failing: Client) -> None:
    answer = failing.get("/fails", headers={"X-Request-ID": "seen-by-me"})

    assert answer.headers["X-Request-ID"] == "seen-by-me"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@one_database
@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/tasks.db", "postgresql+psycopg://nobody@127.0.0.1:1/tasks"],
    ids=["no file", "no server"],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "tasks"), ("POST", "tasks"), ("POST", "auth/register")]
)
def test_a_database_that_is_gone_asks_to_come_back(
    make_app: Callable[..., Flask], ann: Client, url: str, method: str, path: str
) -> None:
    lost = Client(make_app(database_url=url))
    lost.tokens = ann.tokens

    answer = lost.call(method, path, json=LOGIN)

    refused(answer, 503, "service-unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@one_database
@pytest.mark.parametrize("code", sorted(set(CALLS) | TOLD_BELOW))
def test_the_type_of_a_problem_leads_to_its_page(anyone: Client, code: str) -> None:
    program = anyone.get(f"/problems/{code}")
    browser = anyone.get(f"/problems/{code}", headers={"Accept": "text/html"})

    assert (program.status_code, program.json["code"]) == (200, code)
    assert (browser.status_code, browser.mimetype) == (200, "text/html")
    assert code in browser.text


@one_database
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
def test_the_instance_is_a_path_whatever_was_asked_for(
    anyone: Client, path: str, instance: str
) -> None:
    answer = anyone.get(path)

    assert refused(answer, 404, "not-found")["instance"] == instance
