"""Metrics of requests, and `GET /metrics`, which requires a token."""

import hmac
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT

from taskapi import db
from taskapi.errors import TokenInvalid, TokenMissing
from taskapi.observability.metrics import Metrics
from taskapi.web import authentication, middleware, rate_limits
from taskapi.web.api import VERSION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from config import Settings

METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}


class MetricsMiddleware:
    """WSGI middleware that counts requests and measures their duration."""

    def __init__(self, metrics: Metrics, app: "WSGIApplication") -> None:
        self.app = app
        self.metrics = metrics

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Process a request, and record it when its response starts."""
        started_at = time.perf_counter()

        def start(
            status: str, headers: list[tuple[str, str]], *error: Any
        ) -> Callable[[bytes], object]:
            seconds = time.perf_counter() - started_at
            self.metrics.observe(*_labels(environ), status[:3], seconds)
            return start_response(status, headers, *error)

        self.metrics.in_flight.inc()
        try:
            return self.app(environ, start)
        finally:
            self.metrics.in_flight.dec()


def _labels(environ: "WSGIEnvironment") -> tuple[str, str]:
    """Return the method and the route; clients cannot create new values of either."""
    method, rule = environ["REQUEST_METHOD"], environ["werkzeug.request"].url_rule
    return method if method in METHODS else "other", rule.rule if rule else "none"


def init_app(app: Flask, settings: "Settings") -> None:
    """Measure requests if METRICS_TOKEN is set."""
    if not settings.metrics_token:
        return
    with app.app_context():
        metrics = Metrics(VERSION, db.database.engine)
    app.extensions["metrics"] = metrics
    middleware.wrap(app, partial(MetricsMiddleware, metrics))
    token = settings.metrics_token.encode()
    app.add_url_rule("/metrics", "get_metrics", lambda: _get_metrics(metrics, token))


def _get_metrics(metrics: Metrics, token: bytes) -> Response:
    """Return the metrics; raises Unauthenticated without the token."""
    sent = authentication.bearer_token().encode()
    if not sent:
        raise TokenMissing("Send `Authorization: Bearer <METRICS_TOKEN>`.")
    if not hmac.compare_digest(sent, token):
        rate_limits.count_invalid_credentials()
        raise TokenInvalid
    return Response(metrics.exposition(), content_type=TEXT)
