"""Processing around every request: ids, trace ids, security headers and access log."""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, current_app, g, request

from taskapi.observability import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from config import Settings

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(
    r"(?!ff|00.{53}.)[0-9a-f]{2}"  # the version; only later versions may be longer
    r"-(?!0{32})([0-9a-f]{32})"
    r"-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(-.*)?"
)
"""The header `traceparent` (W3C Trace Context); the group is the trace id."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
IPV6_LOOPBACK = "[::1]"
LOOPBACK_HOSTS = ["127.0.0.1", "localhost"]
"""Hosts that health checks on the same machine use."""

STATUSES_WITHOUT_BODY = {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}
HSTS = "max-age=31536000; includeSubDomains"


def init_app(app: Flask, settings: "Settings") -> None:
    """Register the hooks of each request, and check the host if hosts are trusted."""
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = [*settings.trusted_hosts, *LOOPBACK_HOSTS]
        wrap(app, _rename_loopback)
    app.config["LOGS_PATHS"] = logs.is_console(settings.log_format)
    app.config["USES_HTTPS"] = settings.public_url.startswith("https://")
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_clear_log_context)


def wrap(app: Flask, layer: "Callable[[WSGIApplication], Any]") -> None:
    """Add WSGI middleware to the app."""
    app.wsgi_app = layer(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents


def _rename_loopback(app: "WSGIApplication") -> "WSGIApplication":
    """Replace the host [::1] by localhost: Werkzeug cannot trust a host with colons."""

    def middleware(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if host.startswith(IPV6_LOOPBACK):
            environ["HTTP_HOST"] = f"localhost{host.removeprefix(IPV6_LOOPBACK)}"
        return app(environ, start_response)

    return middleware


def _begin() -> None:
    """Take the request id from the client if it is valid, or generate one."""
    headers = request.headers
    sent = headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)
    g.started_at = time.perf_counter()
    trace = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    traced = {"trace_id": trace[1]} if trace else {}
    structlog.contextvars.bind_contextvars(request_id=g.request_id, **traced)


def _finish(response: Response) -> Response:
    """Add the headers that the view has not set, and write the access log."""
    milliseconds = round((time.perf_counter() - g.started_at) * 1000, 1)
    defaults = SECURITY_HEADERS | {"X-Request-ID": g.request_id}
    defaults |= g.get("limit_headers", {})
    if request.is_secure or current_app.config["USES_HTTPS"]:
        defaults["Strict-Transport-Security"] = HSTS
    has_caller = "caller" in g
    is_private = has_caller and request.method in {"GET", "HEAD"}
    defaults["Cache-Control"] = "private, no-cache" if is_private else "no-store"
    # Without a caller the time would reveal how long a password check takes.
    if has_caller:
        defaults["Server-Timing"] = f"app;dur={milliseconds}"
    present = set(map(str.lower, response.headers.keys()))
    for name, value in defaults.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if response.status_code in STATUSES_WITHOUT_BODY:
        del response.headers["Content-Type"]
    _log(response, milliseconds)
    return response


def _clear_log_context(_error: object) -> None:
    """Clear the log context, since the thread serves other requests afterwards."""
    structlog.contextvars.clear_contextvars()


def _log(response: Response, milliseconds: float) -> None:
    """Write a line to the access log.

    It has the route, which contains no data of users. The path is for terminals only,
    and the query is never logged.
    """
    shown, rule = current_app.config["LOGS_PATHS"], request.url_rule
    path = {"path": quote(request.path, errors="replace")} if shown else {}
    log.info(
        "request",
        method=request.method,
        route=rule.rule if rule else None,
        status=response.status_code,
        ms=milliseconds,
        **path,
    )
