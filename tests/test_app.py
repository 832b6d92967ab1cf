"""Common headers of responses, and CORS."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

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
CASES: dict[str, tuple[int, str, str, dict[str, Any]]] = {
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
    message = "confidential"
    raise RuntimeError(message)


@pytest.fixture
def failing(make_app: Callable[..., Flask]) -> Client:
    """Return a client of an app with an additional route, which fails."""
    made = make_app()
    made.add_url_rule("/fail", view_func=fail)
    return Client(made)


@pytest.fixture
def make_client(make_app: Callable[..., Flask]) -> Callable[..., Client]:
    """Return a function that creates a client of an app with settings."""
    return lambda **settings: Client(make_app(**settings))


def cors(response: Any) -> list[str]:
    return [name for name in response.headers if name[0].startswith("Access-Control-")]


@pytest.mark.parametrize(
    ("status", "method", "path", "options"), CASES.values(), ids=CASES
)
def test_response_forbids_sniffing_and_embedding(
    ann: Client, status: int, method: str, path: str, options: dict[str, Any]
) -> None:
    response = ann.call(method, path, **options)

    policy = "default-src 'none'; frame-ancestors 'none'"
    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == policy
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert OURS.fullmatch(response.headers["X-Request-ID"])
    assert HSTS not in response.headers
    assert "Server" not in response.headers


def test_internal_error_reveals_nothing_and_has_headers(
    failing: Client,
) -> None:
    response = failing.get("/fail")

    assert_problem(response, 500, "internal-error")
    assert "confidential" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert response.headers["Cache-Control"] == "no-store"


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
def test_response_is_not_shared_by_caches(
    ann: Client, method: str, path: str, expected: str
) -> None:
    response = ann.call(method, path, json={} if method == "POST" else None)

    assert response.headers["Cache-Control"] == expected


def test_response_without_body_has_no_content_type(ann: Client) -> None:
    task = ann.create_task()

    response = ann.delete(f"tasks/{task['id']}")

    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


def test_hsts_is_sent_with_https_public_url(
    make_client: Callable[..., Client],
) -> None:
    anonymous = make_client(public_url="https://tasks.example.org")

    found, absent = anonymous.get(""), anonymous.get("nothing")

    assert found.headers[HSTS] == "max-age=31536000; includeSubDomains"
    assert absent.headers[HSTS] == found.headers[HSTS]


@pytest.mark.parametrize(
    "settings", [{}, {"public_url": "http://10.0.0.7"}], ids=["undeclared", "http"]
)
def test_hsts_is_not_sent_with_http_public_url(
    make_client: Callable[..., Client], settings: dict[str, str]
) -> None:
    anonymous = make_client(**settings)

    response = anonymous.get("", headers={"X-Forwarded-Proto": "https"})

    assert HSTS not in response.headers


@pytest.mark.parametrize(
    "sent", ["a", "A-b.c_9", "x" * 64], ids=["short", "marks", "longest"]
)
def test_request_id_of_client_is_returned(anonymous: Client, sent: str) -> None:
    response = anonymous.get("nothing", headers={"X-Request-ID": sent})

    assert response.headers["X-Request-ID"] == sent
    assert response.json["request_id"] == sent


@pytest.mark.parametrize(
    "sent",
    ["", "x" * 65, "a b", "a;b", '"a"', "<script>", "é"],
    ids=["empty", "long", "space", "semicolon", "quotes", "markup", "non-ascii"],
)
def test_invalid_request_id_is_replaced(anonymous: Client, sent: str) -> None:
    response = anonymous.get("nothing", headers={"X-Request-ID": sent})

    assert OURS.fullmatch(response.headers["X-Request-ID"])


def test_requests_have_different_ids(anonymous: Client) -> None:
    first, second = anonymous.get("/health/live"), anonymous.get("/health/live")

    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"], ids=["request", "preflight"])
def test_cors_is_disabled_by_default(anonymous: Client, method: str) -> None:
    sent = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}

    response = anonymous.call(method, "tasks", headers=sent)

    assert cors(response) == []


@pytest.mark.parametrize("path", ["", "users/me", "nothing"], ids=["200", "401", "404"])
@pytest.mark.parametrize("origins", [(ORIGIN,), (OTHER, ORIGIN)], ids=["one", "two"])
def test_cors_allows_listed_origin_without_cookies(
    make_client: Callable[..., Client], origins: tuple[str, ...], path: str
) -> None:
    anonymous = make_client(cors_origins=origins)

    response = anonymous.get(path, headers={"Origin": ORIGIN})

    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert response.headers.getlist(ALLOWED) == [ORIGIN]
    assert set(exposed) == EXPOSED
    assert "Access-Control-Allow-Credentials" not in response.headers


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
def test_cors_rejects_other_origins(
    make_client: Callable[..., Client], origin: str
) -> None:
    anonymous = make_client(cors_origins=(ORIGIN, OTHER))

    response = anonymous.get("", headers={"Origin": origin})

    assert cors(response) == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://[::1]:5173", ["http://[::1]:5173"]),
        ("http://1:5173", []),
        ("http://1:5173.evil.example", []),
    ],
    ids=["itself", "pattern", "prefix"],
)
def test_cors_compares_whole_origins_literally(
    make_client: Callable[..., Client], origin: str, allowed: list[str]
) -> None:
    anonymous = make_client(cors_origins=("http://[::1]:5173",))

    response = anonymous.get("", headers={"Origin": origin})

    assert response.headers.getlist(ALLOWED) == allowed


@pytest.mark.parametrize(
    "sent",
    [{"Origin": ORIGIN}, {"Origin": "https://evil.example"}, {}],
    ids=["listed", "other", "none"],
)
@pytest.mark.parametrize("origins", [(ORIGIN,), (OTHER, ORIGIN)], ids=["one", "two"])
def test_cors_response_varies_by_origin(
    make_client: Callable[..., Client], origins: tuple[str, ...], sent: dict[str, str]
) -> None:
    anonymous = make_client(cors_origins=origins)

    response = anonymous.get("", headers=sent)

    assert "Origin" in response.vary


def test_cors_preflight_allows_if_match(
    make_client: Callable[..., Client],
) -> None:
    anonymous = make_client(cors_origins=(ORIGIN,))
    wanted = "authorization, content-type, if-match"
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}

    response = anonymous.call(
        "OPTIONS",
        "tasks/1",
        headers=asked | {"Access-Control-Request-Headers": wanted},
    )

    methods = response.headers["Access-Control-Allow-Methods"].split(", ")
    assert response.status_code == 200
    assert response.headers[ALLOWED] == ORIGIN
    assert {"PATCH", "PUT", "DELETE"} <= set(methods)
    assert response.headers["Access-Control-Allow-Headers"] == wanted
