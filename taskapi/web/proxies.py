"""Reverse proxies: which forwarded headers are trusted, and how many entries arrive.

`TRUSTED_PROXIES` counts the entries that proxies in front append to `X-Forwarded-For`.
Scheme and host are one value each, however many proxies there are: Render's three
append three addresses and set one `X-Forwarded-Proto`.
"""

import hashlib
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.middleware.proxy_fix import ProxyFix

from taskapi.web import middleware
from taskapi.web.settings import settings

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

HEADERS = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
PROBE, RESULT = "X-Taskapi-Probe", "X-Taskapi-Forwarded-For"
PROBE_SECONDS = 60
TIMEOUT_SECONDS = 2


class Unreachable(Exception):
    """The service did not respond at this URL."""


def init_app(app: Flask, settings: "Settings") -> None:
    """Trust the configured number of proxies, and report how many entries arrive."""
    if settings.trusted_proxies:
        trusting = partial(ProxyFix, x_for=settings.trusted_proxies)
        middleware.wrap(app, partial(trusting, x_proto=1, x_host=1))
    if settings.log_level == "DEBUG":
        app.before_request(_log_entries)


def count_entries(url: str) -> int:
    """Request this URL, and return how many X-Forwarded-For entries the app received.

    The request is signed, since only operators should see the number. Raises
    Unreachable.
    """
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    probe = {PROBE: sign_probe()}
    try:
        connection.request("GET", f"{parts.path}/health/live", headers=probe)
        return int(connection.getresponse().headers[RESULT])
    except (OSError, HTTPException, TypeError, ValueError) as error:
        raise Unreachable from error
    finally:
        connection.close()


def sign_probe() -> str:
    """Return a header value that requests the number; it is valid for one minute."""
    return _signer().sign(PROBE).decode()


def _entries(name: str) -> int:
    return sum(bool(one.strip()) for one in request.headers.get(name, "").split(","))


def _log_entries() -> None:
    """Log the numbers; the addresses are personal data."""
    numbers = {name.lower().replace("-", "_"): _entries(name) for name in HEADERS}
    log.debug("forwarded", trusted_proxies=settings.trusted_proxies, **numbers)


def report(response: Response) -> Response:
    """Add the number of entries to the response to a signed request."""
    probe = request.headers.get(PROBE)
    if probe and _is_signed(probe):
        response.headers[RESULT] = str(_entries("X-Forwarded-For"))
    return response


def _is_signed(probe: str) -> bool:
    try:
        _signer().unsign(probe, max_age=PROBE_SECONDS)
    except BadSignature:
        return False
    return True


def _signer() -> TimestampSigner:
    return TimestampSigner(
        settings.secret_key, salt="forwarded entries", digest_method=hashlib.sha256
    )
