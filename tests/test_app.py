"""What every answer carries, and which web pages may read it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.support import Client, refused

ORIGIN = "https://app.example.org"
OTHER = "https://admin.example.org"
HSTS = "Strict-Transport-Security"
ALLOWED = "Access-Control-Allow-Origin"
OURS = re.compile(r"[0-9a-f]{32}")
EXPOSED = {
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "X-Request-ID",
    "Idempotency-Replayed",
}
TASK = {"title": "Water the plants"}
ANSWERS: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "200": (200, "GET", "users/me", {}),
    "201": (201, "POST", "tasks", {"json": TASK}),
    "204": (204, "POST", "auth/logout", {}),
    "302": (302, "GET", "/", {"headers": {"Accept": "text/html"}}),
    "304": (304, "GET", "users/me", {"headers": {"If-None-Match": '"1"'}}),
    "400": (400, "POST", "tasks", {"data": "{", "content_type": "application/json"}),
    "401": (401, "GET", "users/me", {"headers": {"Authorization": ""}}),
    "404": (404, "GET", "nothing", {}),
    "405": (405, "DELETE", "tasks", {}),
    "413": (413, "POST", "tasks", {"json": {"title": "x" * 2**20}}),
    "415": (415, "POST", "tasks", {"data": "x", "content_type": "text/plain"}),
    "422": (422, "POST", "tasks", {"json": {}}),
    "preflight": (200, "OPTIONS", "tasks", {}),
}


def fail() -> str:
    message = "planted"
    raise RuntimeError(message)


@pytest.fixture
def failing(make_app: Callable[..., Flask]) -> Client:
    """Return a client of an app that has one route more, which fails."""
    made = make_app(log_level="CRITICAL")
    made.add_url_rule("/fail", view_func=fail)
    return Client(made)


@pytest.fixture
def make_client(make_app: Callable[..., Flask]) -> Callable[..., Client]:
    """Return a maker of clients: of apps whose settings differ."""
    return lambda **settings: Client(make_app(**settings))


def cors(response: Any) -> list[str]:
    return [name for name in response.headers if name[0].startswith("Access-Control-")]


@pytest.mark.parametrize(
    ("status", "method", "path", "options"), ANSWERS.values(), ids=ANSWERS
)
def test_every_answer_forbids_browsers_to_guess_or_to_embed(
    ann: Client, status: int, method: str, path: str, options: dict[str, Any]
) -> None:
    answer = ann.call(method, path, **options)

    policy = "default-src 'none'; frame-ancestors 'none'"
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert OURS.fullmatch(answer.headers["X-Request-ID"])
    assert HSTS not in answer.headers
    assert "Server" not in answer.headers


def test_an_unforeseen_failure_shows_nothing_and_keeps_the_headers(
    failing: Client,
) -> None:
    answer = failing.get("/fail")

    refused(answer, 500, "internal-error")
    assert "planted" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "users/me", "private, no-cache"),
        ("GET", "tasks", "private, no-cache"),
        ("POST", "tasks", "no-store"),
        ("POST", "auth/login", "no-store"),
        ("GET", "nothing", "no-store"),
        ("GET", "/health", "no-store"),
    ],
    ids=["own", "list", "write", "login", "absent", "health"],
)
def test_no_cache_may_serve_one_callers_answer_to_another(
    ann: Client, method: str, path: str, expected: str
) -> None:
    answer = ann.call(method, path, json={} if method == "POST" else None)

    assert answer.headers["Cache-Control"] == expected


def test_an_answer_without_a_body_names_no_type(ann: Client) -> None:
    task = ann.make_task()

    answer = ann.delete(f"tasks/{task['id']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_https_is_demanded_where_it_is_declared(
    make_client: Callable[..., Client],
) -> None:
    anyone = make_client(public_url="https://tasks.example.org")

    found, absent = anyone.get(""), anyone.get("nothing")

    assert found.headers[HSTS] == "max-age=31536000; includeSubDomains"
    assert absent.headers[HSTS] == found.headers[HSTS]


@pytest.mark.parametrize(
    "settings", [{}, {"public_url": "http://10.0.0.7"}], ids=["undeclared", "http"]
)
def test_https_is_not_demanded_where_it_is_not_declared(
    make_client: Callable[..., Client], settings: dict[str, str]
) -> None:
    anyone = make_client(**settings)

    answer = anyone.get("", headers={"X-Forwarded-Proto": "https"})

    assert HSTS not in answer.headers


@pytest.mark.parametrize(
    "sent", ["a", "A-b.c_9", "x" * 64], ids=["short", "marks", "longest"]
)
def test_a_request_id_of_the_caller_comes_back(anyone: Client, sent: str) -> None:
    answer = anyone.get("nothing", headers={"X-Request-ID": sent})

    assert answer.headers["X-Request-ID"] == sent
    assert answer.json["request_id"] == sent


@pytest.mark.parametrize(
    "sent",
    ["", "x" * 65, "a b", "a;b", '"a"', "<script>", "é"],
    ids=["empty", "long", "space", "semicolon", "quotes", "markup", "letter"],
)
def test_any_other_request_id_is_replaced(anyone: Client, sent: str) -> None:
    answer = anyone.get("nothing", headers={"X-Request-ID": sent})

    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_two_requests_have_two_ids(anyone: Client) -> None:
    first, second = anyone.get("/health/live"), anyone.get("/health/live")

    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"], ids=["request", "preflight"])
def test_no_page_of_another_origin_reads_answers_by_default(
    anyone: Client, method: str
) -> None:
    sent = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}

    answer = anyone.call(method, "tasks", headers=sent)

    assert cors(answer) == []


@pytest.mark.parametrize("path", ["", "users/me", "nothing"], ids=["200", "401", "404"])
@pytest.mark.parametrize("origins", [(ORIGIN,), (OTHER, ORIGIN)], ids=["one", "two"])
def test_a_page_of_a_listed_origin_reads_answers_without_cookies(
    make_client: Callable[..., Client], origins: tuple[str, ...], path: str
) -> None:
    anyone = make_client(cors_origins=origins)

    answer = anyone.get(path, headers={"Origin": ORIGIN})

    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert answer.headers.getlist(ALLOWED) == [ORIGIN]
    assert set(exposed) == EXPOSED
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"{ORIGIN}.evil.example",
        "https://app-example.org",
        "http://app.example.org",
        f"{ORIGIN}:8443",
        "null",
    ],
    ids=["other", "suffix", "dot", "scheme", "port", "null"],
)
def test_a_page_of_any_other_origin_does_not(
    make_client: Callable[..., Client], origin: str
) -> None:
    anyone = make_client(cors_origins=(ORIGIN, OTHER))

    answer = anyone.get("", headers={"Origin": origin})

    assert cors(answer) == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://[::1]:5173", ["http://[::1]:5173"]),
        ("http://1:5173", []),
        ("http://1:5173.evil.example", []),
    ],
    ids=["itself", "pattern", "prefix"],
)
def test_an_origin_is_compared_as_text_and_as_a_whole(
    make_client: Callable[..., Client], origin: str, allowed: list[str]
) -> None:
    anyone = make_client(cors_origins=("http://[::1]:5173",))

    answer = anyone.get("", headers={"Origin": origin})

    assert answer.headers.getlist(ALLOWED) == allowed


@pytest.mark.parametrize(
    "sent",
    [{"Origin": ORIGIN}, {"Origin": "https://evil.example"}, {}],
    ids=["listed", "other", "none"],
)
@pytest.mark.parametrize("origins", [(ORIGIN,), (OTHER, ORIGIN)], ids=["one", "two"])
def test_caches_are_told_that_answers_differ_by_origin(
    make_client: Callable[..., Client], origins: tuple[str, ...], sent: dict[str, str]
) -> None:
    anyone = make_client(cors_origins=origins)

    answer = anyone.get("", headers=sent)

    assert "Origin" in answer.vary


def test_a_page_may_change_a_task_under_its_version(
    make_client: Callable[..., Client],
) -> None:
    anyone = make_client(cors_origins=(ORIGIN,))
    wanted = "authorization, content-type, if-match"
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}

    answer = anyone.call(
        "OPTIONS",
        "tasks/1",
        headers=asked | {"Access-Control-Request-Headers": wanted},
    )

    methods = answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.status_code == 200
    assert answer.headers[ALLOWED] == ORIGIN
    assert {"PATCH", "PUT", "DELETE"} <= set(methods)
    assert answer.headers["Access-Control-Allow-Headers"] == wanted
