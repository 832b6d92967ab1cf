"""Checks of the replica, the mail server, Redis and the proxies."""

from smtplib import SMTPResponseException

from flask import current_app

from taskapi.db import errors, replica
from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.mail import smtp
from taskapi.web import proxies, rate_limits
from taskapi.web.settings import settings


def check_mail() -> list[Finding]:
    """Log in to the mail server without sending an email."""
    if not settings.smtp_url:
        return [ok("mail", "disabled: SMTP_URL is empty")]
    try:
        encrypted = smtp.check_server()
    except (OSError, ValueError) as error:
        remedy = "Check the host, port, user and password in SMTP_URL."
        return [fail("mail", f"the login failed: {_cause(error)}", remedy)]
    if not encrypted:
        remedy = "Use a server with STARTTLS, or smtps://."
        return [warn("mail", "the connection is not encrypted", remedy)]
    return [ok("mail", "logged in over an encrypted connection")]


def check_redis() -> list[Finding]:
    """Check the Redis server that counts requests for all instances."""
    if not settings.ratelimit_storage_uri:
        return [ok("redis", "disabled: RATELIMIT_STORAGE_URI is empty")]
    if _redis_responds():
        return [ok("redis", "connected")]
    remedy = "Check RATELIMIT_STORAGE_URI. Until then each worker counts separately."
    return [fail("redis", "unreachable, or the login failed", remedy)]


def check_replica() -> list[Finding]:
    """Check the replication lag."""
    server = replica.current()
    if server is None:
        return [ok("replica", "disabled: DATABASE_REPLICA_URL is empty")]
    try:
        return [ok("replica", f"{server.lag():.0f} s behind the primary")]
    except replica.Unusable as error:
        remedy = "Check pg_stat_replication on the primary, which serves all reads now."
        return [warn("replica", f"not used: {error}", remedy)]
    except errors.ERRORS:
        remedy = "Check DATABASE_REPLICA_URL. The primary serves all reads now."
        return [fail("replica", "unreachable, or the login failed", remedy)]


def check_proxies() -> list[Finding]:
    """Send a request to PUBLIC_URL, and count the entries of X-Forwarded-For."""
    url, trusted = settings.public_url, settings.trusted_proxies
    if not url:
        return [ok("forwarded", "not checked: PUBLIC_URL is empty")]
    try:
        number = proxies.count_entries(url)
    except proxies.Unreachable:
        remedy = "Check whether it is running, and whether this machine may connect."
        return [warn("forwarded", f"{url} did not reach this service", remedy)]
    message = f"X-Forwarded-For has {number} entries, and TRUSTED_PROXIES is {trusted}"
    if number == trusted:
        return [ok("forwarded", message)]
    remedy = (
        f"Set TRUSTED_PROXIES={number}, unless clients pass through more proxies than "
        "this machine does."
    )
    return [warn("forwarded", message, remedy)]


def _redis_responds() -> bool:
    try:
        return bool(current_app.extensions["rate_limits"].shared.check())
    except rate_limits.STORE_ERRORS:
        return False


def _cause(error: OSError | ValueError) -> str:
    """Describe an error without the server's text, which may quote the password."""
    if isinstance(error, SMTPResponseException):
        return f"the server responded with {error.smtp_code}"
    return getattr(error, "strerror", None) or type(error).__name__
