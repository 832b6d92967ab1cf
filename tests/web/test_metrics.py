"""Prometheus metrics: access, counters, and a bounded number of series."""

from collections.abc import Callable

import pytest
from flask import Flask

from taskapi import db
from tests.helpers.cli import run
from tests.helpers.client import API, PASSWORD, Client, assert_problem, with_app
from tests.web.metrics_parser import (
    BEARER,
    TOKEN,
    increase,
    parse_metrics,
    scrape_metrics,
)

PATTERN = f"{API}/tasks/<id:task_id>"
WRONG = {"email": "ann@example.org", "password": "a wrong password"}
CORRECT = {"email": "ann@example.org", "password": PASSWORD}
ONLY_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
MakeApp = Callable[..., Flask]


@pytest.fixture
def measured(ann: Client, app_with: MakeApp) -> Client:
    """Return a client of an app with metrics."""
    return with_app(ann, app_with(metrics_token=TOKEN))


@ONLY_SQLITE
@pytest.mark.parametrize("headers", [{}, BEARER, {"Authorization": "Bearer "}])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_metrics_return_404_without_the_setting(
    anonymous: Client, method: str, headers: dict[str, str]
) -> None:
    response = anonymous.call(method, "/metrics", headers=headers)

    assert_problem(response, 404, "not-found")


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("", "token-missing"),
        ("Bearer", "token-missing"),
        (f"Basic {TOKEN}", "token-missing"),
        (f"Bearer {TOKEN[:-1]}", "token-invalid"),
        (f"Bearer {TOKEN}S", "token-invalid"),
        (f"Bearer {TOKEN.lower()}", "token-invalid"),
        ("Bearer \u00e9", "token-invalid"),
    ],
)
def test_metrics_require_the_token(measured: Client, sent: str, code: str) -> None:
    response = measured.get("/metrics", headers={"Authorization": sent})

    problem = assert_problem(response, 401, code)
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="taskapi"')
    assert "taskapi_" not in problem["detail"]


@ONLY_SQLITE
def test_metrics_reject_access_tokens(measured: Client) -> None:
    assert_problem(measured.get("/metrics"), 401, "token-invalid")


def test_metrics_count_requests_by_route_and_status(measured: Client) -> None:
    before = scrape_metrics(measured)

    task = measured.create_task()
    measured.get(f"tasks/{task['id']}")
    measured.get(f"tasks/{task['id']}")
    measured.get("tasks/7000")

    after = scrape_metrics(measured)
    count = "http_request_duration_seconds_count"
    assert increase(after, before, "http_requests_total", "GET", PATTERN, "200") == 2
    assert increase(after, before, "http_requests_total", "GET", PATTERN, "404") == 1
    assert increase(after, before, count, "GET", PATTERN) == 3


@ONLY_SQLITE
def test_metrics_series_cannot_be_created_by_clients(measured: Client) -> None:
    measured.get("/one")
    measured.call("INVENTED", "/one")
    measured.call("INVENTED", f"{API}/tasks")
    known = scrape_metrics(measured).keys()

    statuses = {measured.get(f"/made-up/{n}?{n}={n}").status_code for n in range(150)}
    statuses |= {measured.call(f"X{n}", f"/{n}").status_code for n in range(50)}
    statuses |= {measured.get(f"tasks/{2**60 + n}").status_code for n in range(50)}

    added = scrape_metrics(measured).keys() - known
    assert statuses == {404}
    assert {label for _, labels in added for label in labels if "/" in label} == {
        "/metrics",
        PATTERN,
    }


@ONLY_SQLITE
def test_metrics_contain_no_personal_data(measured: Client) -> None:
    headers = {"X-Request-ID": "secret", "User-Agent": "secret", "Referer": "secret"}
    measured.post("auth/login", {"email": "secret@example.org", "password": "secret"})
    measured.get("tasks?q=secret", headers=headers)

    text = measured.get("/metrics", headers=BEARER).text

    assert "secret" not in text
    assert "example.org" not in text
    assert TOKEN not in text


def test_metrics_count_logins_by_result(measured: Client) -> None:
    before = scrape_metrics(measured)

    measured.post("auth/login", CORRECT)
    wrong = [measured.post("auth/login", WRONG).status_code for _ in range(11)]
    locked = measured.post("auth/login", CORRECT)

    after = scrape_metrics(measured)
    assert (wrong[-1], locked.status_code) == (429, 429)
    assert increase(after, before, "logins_total", "ok") == 1
    assert increase(after, before, "logins_total", "failed") == 10
    assert increase(after, before, "logins_total", "locked") == 2
    assert increase(after, before, "limits_hit_total", "account") == 2


@ONLY_SQLITE
def test_metrics_count_login_to_disabled_account_as_failed(measured: Client) -> None:
    run(measured.app, "users", "deactivate", "ann@example.org")
    before = scrape_metrics(measured)

    measured.post("auth/login", CORRECT)

    assert increase(scrape_metrics(measured), before, "logins_total", "failed") == 1


@ONLY_SQLITE
def test_metrics_count_rate_limited_requests(ann: Client, app_with: MakeApp) -> None:
    rates = {"ratelimit_enabled": True, "ratelimit_per_minute": 1}
    caller = with_app(ann, app_with(metrics_token=TOKEN, **rates))
    before = scrape_metrics(caller)

    statuses = [caller.get("tasks").status_code for _ in range(3)]

    assert statuses == [200, 429, 429]
    assert increase(scrape_metrics(caller), before, "limits_hit_total", "default") == 2


def test_metrics_count_connections_in_use(measured: Client) -> None:
    with measured.app.app_context(), db.database.engine.connect():
        during = scrape_metrics(measured)
    after = scrape_metrics(measured)

    key = ("taskapi_database_pool_in_use", frozenset[str]())
    assert (during[key], after[key]) == (1, 0)
    threads = measured.app.extensions["settings"].threads
    assert during["taskapi_database_pool_size", frozenset()] == threads + 1


@ONLY_SQLITE
def test_metrics_include_version_and_current_request(measured: Client) -> None:
    found = scrape_metrics(measured)

    built = {name: value for name, value in found if name == "taskapi_build_info"}
    assert found["taskapi_http_requests_in_flight", frozenset()] == 1
    assert len(built) == 1


@ONLY_SQLITE
def test_metrics_include_series_with_value_zero(app_with: MakeApp) -> None:
    fresh = Client(app_with(metrics_token=TOKEN))

    text = fresh.get("/metrics", headers=BEARER).text

    zeros = {key for key, value in parse_metrics(text).items() if value == 0}
    assert ("taskapi_logins_total", frozenset({"locked"})) in zeros
    assert ("taskapi_limits_hit_total", frozenset({"email"})) in zeros
