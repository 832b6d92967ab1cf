"""Servers besides the database: its replica, mail, Redis and the proxies in front."""

from smtplib import SMTPResponseException

from flask import current_app

from taskapi.db import errors, replica
from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.mail import smtp
from taskapi.web import proxies, rate_limits
from taskapi.web.settings import settings


def examine_mail() -> list[Finding]:
    """Log in at the mail server, and send nothing."""
    if not settings.smtp_url:
        return [ok("mail", "off: SMTP_URL is empty")]
    try:
        encrypted = smtp.greet()
    except (OSError, ValueError) as error:
        remedy = "Look at SMTP_URL: host, port, user and password."
        return [fail("mail", f"no login at the server: {_cause(error)}", remedy)]
    if not encrypted:
        remedy = "Use a server with STARTTLS, or smtps://."
        return [warn("mail", "the server takes letters unencrypted only", remedy)]
    return [ok("mail", "the server lets us in, encrypted")]


def examine_store() -> list[Finding]:
    """Ask the Redis that counts for all."""
    if not settings.ratelimit_storage_uri:
        return [ok("redis", "off: RATELIMIT_STORAGE_URI is empty")]
    if _answers():
        return [ok("redis", "it answers")]
    remedy = "Look at RATELIMIT_STORAGE_URI; until then each worker counts by itself."
    return [fail("redis", "out of reach, or it does not let us in", remedy)]


def examine_replica() -> list[Finding]:
    """Ask the replica how far behind it is."""
    server = replica.current()
    if server is None:
        return [ok("replica", "off: DATABASE_REPLICA_URL is empty")]
    try:
        return [ok("replica", f"it is {server.lag():.0f} s behind")]
    except replica.Unfit as error:
        remedy = "Look at pg_stat_replication of the primary, which answers meanwhile."
        return [warn("replica", f"not used: {error}", remedy)]
    except errors.ERRORS:
        remedy = "Look at DATABASE_REPLICA_URL; the primary answers meanwhile."
        return [fail("replica", "out of reach, or it does not let us in", remedy)]


def examine_proxies() -> list[Finding]:
    """Send a request to PUBLIC_URL and compare the entries that arrive."""
    url, trusted = settings.public_url, settings.trusted_proxies
    if not url:
        return [ok("forwarded", "not counted: PUBLIC_URL is empty")]
    try:
        number = proxies.count_entries(url)
    except proxies.Unreachable:
        remedy = (
            "See whether it is running, and whether this machine may connect to it."
        )
        return [warn("forwarded", f"no response of this service at {url}", remedy)]
    text = f"X-Forwarded-For arrives with {number} entries, TRUSTED_PROXIES={trusted}"
    if number == trusted:
        return [ok("forwarded", text)]
    remedy = (
        f"Set TRUSTED_PROXIES={number}, unless clients take a longer way than this."
    )
    return [warn("forwarded", text, remedy)]


def _answers() -> bool:
    try:
        return bool(current_app.extensions["limits"].shared.check())
    except rate_limits.OUT_OF_REACH:
        return False


def _cause(error: OSError | ValueError) -> str:
    """Name the fault, without what the server says: it may quote what was sent."""
    if isinstance(error, SMTPResponseException):
        return f"it answers {error.smtp_code}"
    return getattr(error, "strerror", None) or type(error).__name__
