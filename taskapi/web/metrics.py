"""Requests as figures, and `GET /metrics` that shows them, to who has the token."""

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
    from config import Settings

METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Meter:
    """A layer around an app that counts requests, and how long they take."""

    def __init__(self, metrics: Metrics, app: Wsgi) -> None:
        self.app = app
        self.metrics = metrics

    def __call__(
        self, sent: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, and note the answer."""
        began = time.perf_counter()

        def start(status: str, *more: Any) -> Any:
            seconds = time.perf_counter() - began
            self.metrics.observe(*_labels(sent), status[:3], seconds)
            return start_response(status, *more)

        self.metrics.in_flight.inc()
        try:
            return self.app(sent, start)
        finally:
            self.metrics.in_flight.dec()


def _labels(sent: dict[str, Any]) -> tuple[str, str]:
    """Return the labels of a request, method and route: no client can add to these."""
    method, rule = sent["REQUEST_METHOD"], sent["werkzeug.request"].url_rule
    return method if method in METHODS else "other", rule.rule if rule else "none"


def init_app(app: Flask, settings: "Settings") -> None:
    """Measure if there is a token; without one there is no such page."""
    if not settings.metrics_token:
        return
    with app.app_context():
        metrics = Metrics(VERSION, db.database.engine)
    app.extensions["metrics"] = metrics
    middleware.wrap(app, partial(Meter, metrics))
    token = settings.metrics_token.encode()
    app.add_url_rule("/metrics", "get_metrics", lambda: _show(metrics, token))


def _show(metrics: Metrics, token: bytes) -> Response:
    """Send the figures."""
    given = authentication.bearer_token().encode()
    if not given:
        raise TokenMissing
    if not hmac.compare_digest(given, token):
        rate_limits.count_invalid_credentials()
        raise TokenInvalid
    return Response(metrics.exposition(), content_type=TEXT)
