"""The edge of every request: ids, headers, CORS and the access log."""

import re
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, current_app, g, request

from taskapi.web import tracing

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
IPV6_LOOPBACK = "[::1]"
LOOPBACK = ["127.0.0.1", "localhost"]
"""Names that a health check on the same machine uses."""

EMPTY = {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}
HSTS = "max-age=31536000; includeSubDomains"


def init_app(app: Flask, settings: "Settings") -> None:
    """Put the edge around the app."""
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = [*settings.trusted_hosts, *LOOPBACK]
        wrap(app, _name_loopback)
    app.config["HTTPS_DECLARED"] = settings.public_url.startswith("https://")
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_forget)


def _name_loopback(app: Any) -> Any:
    """Read [::1] as localhost: Werkzeug trusts no name that has a colon."""

    def named(sent: dict[str, Any], start_response: Any) -> Any:
        host = sent.get("HTTP_HOST", "")
        if host.startswith(IPV6_LOOPBACK):
            sent["HTTP_HOST"] = f"localhost{host.removeprefix(IPV6_LOOPBACK)}"
        return app(sent, start_response)

    return named


def wrap(app: Flask, layer: Callable[[Any], Any]) -> None:
    """Put a layer of WSGI around the app."""
    app.wsgi_app = layer(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own idiom


def _begin() -> None:
    asked = request.headers.get("X-Request-ID", "")
    g.request_id = asked if REQUEST_ID.fullmatch(asked) else secrets.token_hex(16)
    g.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    trace_id = tracing.trace_id(request.headers.get("traceparent", ""))
    if trace_id:
        structlog.contextvars.bind_contextvars(trace_id=trace_id)


def _finish(response: Response) -> Response:
    headers = response.headers
    ours = HEADERS | {"X-Request-ID": g.request_id}
    if request.is_secure or current_app.config["HTTPS_DECLARED"]:
        ours["Strict-Transport-Security"] = HSTS
    private = "caller" in g and request.method in {"GET", "HEAD"}
    ours["Cache-Control"] = "private, no-cache" if private else "no-store"
    milliseconds = round((time.perf_counter() - g.began) * 1000, 1)
    if "caller" in g:  # to others it would tell how long a password takes, exactly
        ours["Server-Timing"] = f"app;dur={milliseconds}"
    theirs = {name.lower() for name, _ in headers}
    for name, value in ours.items():
        if name.lower() not in theirs:
            headers.add(name, value)
    if response.status_code in EMPTY:
        del headers["Content-Type"]
    _log(response, milliseconds)
    return response


def _forget(_error: object) -> None:
    """Leave nothing of this request to what the thread does next."""
    structlog.contextvars.clear_contextvars()


def _log(response: Response, milliseconds: float) -> None:
    """Write the access line: the route's pattern and never the path or the query."""
    log.info(
        "request",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        ms=milliseconds,
    )
