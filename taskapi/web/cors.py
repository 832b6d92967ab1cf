"""Cross-origin requests (CORS) from the exact origins in the settings."""

import re
from typing import TYPE_CHECKING

from flask import Flask, Response
from flask_cors import CORS

if TYPE_CHECKING:
    from config import Settings

EXPOSED = [
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "X-Request-ID",
    "Idempotency-Replayed",
]
PREFLIGHT_SECONDS = 7200  # the longest that Chromium keeps the result of a preflight
PRIVATE_NETWORK = "Access-Control-Allow-Private-Network"


def init_app(app: Flask, settings: "Settings") -> None:
    """Allow the configured origins; without any, send no CORS headers."""
    if not settings.cors_origins:
        return
    if not settings.cors_private_network:
        app.after_request(_omit_private_network)
    CORS(
        app,
        # flask-cors reads origins such as [::1] as regular expressions
        origins=[re.compile(rf"{re.escape(o)}\Z") for o in settings.cors_origins],
        expose_headers=EXPOSED,
        max_age=PREFLIGHT_SECONDS,
        allow_private_network=settings.cors_private_network,
    )
    app.after_request(_vary)


def _omit_private_network(response: Response) -> Response:
    """Remove the header that flask-cors sends as `false`, which is not valid."""
    response.headers.pop(PRIVATE_NETWORK, None)
    return response


def _vary(response: Response) -> Response:
    """Add Vary: Origin, which flask-cors omits if there is only one origin."""
    response.vary.add("Origin")
    return response
