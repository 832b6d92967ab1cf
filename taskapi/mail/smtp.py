"""Delivery of emails by SMTP; in development they are written to the log."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import structlog
from flask import Flask, current_app

from taskapi import clock
from taskapi.mail.models import EmailRow

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

TIMEOUT_SECONDS = 10
SUBMISSION_PORT, SUBMISSION_TLS_PORT = 587, 465
# The longest line that RFC 5322 allows, so that links are not wrapped.
LONG_LINES = SMTP.clone(max_line_length=998)


class Content(NamedTuple):
    """The subject and the text of an email, and its recipient unless the row has it."""

    subject: str
    body: str
    recipient: str = ""


class Transport:
    """The mail server and the sender of an app."""

    def __init__(self, settings: "Settings") -> None:
        self.server = urlsplit(settings.smtp_url) if settings.smtp_url else None
        self.sender = settings.mail_from or "taskapi@localhost"
        self.is_on = bool(self.server) or settings.environment == "development"


def init_app(app: Flask, settings: "Settings") -> None:
    """Configure the transport of an app."""
    app.extensions["mail"] = Transport(settings)


def _transport() -> Transport:
    transport: Transport = current_app.extensions["mail"]
    return transport


def is_on() -> bool:
    """Return whether emails are sent or logged."""
    return _transport().is_on


def send(email: EmailRow, content: Content) -> None:
    """Send an email; raises OSError if the server does not accept it."""
    transport = _transport()
    recipient = content.recipient or email.email
    message = build_message(email, content, transport.sender)
    if transport.server:
        _transmit(message, recipient, transport.server)
    else:
        log.info("email", to=recipient, subject=content.subject, body=content.body)


def check_server() -> bool:
    """Log in to the mail server; return whether the connection is encrypted.

    Raises OSError if the server is unreachable or rejects the login.
    """
    server = _transport().server
    if not server:
        return True
    with _connected(server) as smtp:
        return isinstance(smtp.sock, ssl.SSLSocket)


def build_message(email: EmailRow, content: Content, sender: str) -> EmailMessage:
    """Return a message; raises ValueError if its header names another recipient.

    Python's email package decodes encoded words in addresses (RFC 2047), so that the
    header may name another mailbox than the stored address.
    """
    recipient = content.recipient or email.email
    domain = sender.rpartition("@")[2].rstrip(">")
    message = EmailMessage(policy=LONG_LINES)
    message["From"] = sender
    message["To"] = recipient
    if [address.addr_spec for address in message["To"].addresses] != [recipient]:
        raise ValueError("the header names another recipient")
    message["Subject"] = content.subject
    message["Date"] = format_datetime(clock.now())
    # Each attempt contains a new token, and mail programs hide a message whose id they
    # have received before.
    name = f"{email.created_at:%Y%m%d%H%M%S}.{email.id}.{email.attempts}"
    message["Message-ID"] = f"<{name}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content.body)
    return message


def _transmit(message: EmailMessage, recipient: str, server: SplitResult) -> None:
    """Send a message to the stored address, not to the one that the header names."""
    with _connected(server) as smtp:
        smtp.send_message(message, to_addrs=[recipient])


@contextmanager
def _connected(server: SplitResult) -> Iterator[smtplib.SMTP]:
    """Log in to the server for the block."""
    smtp = _connect(server)
    try:
        _log_in(smtp, server)
        yield smtp
    finally:
        with suppress(OSError):
            smtp.quit()


def _tls_context(server: SplitResult) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _is_local(server.hostname):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _connect(server: SplitResult) -> smtplib.SMTP:
    host = server.hostname or ""
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host,
            server.port or SUBMISSION_TLS_PORT,
            timeout=TIMEOUT_SECONDS,
            context=_tls_context(server),
        )
    return smtplib.SMTP(host, server.port or SUBMISSION_PORT, timeout=TIMEOUT_SECONDS)


def _log_in(smtp: smtplib.SMTP, server: SplitResult) -> None:
    """Encrypt if the server offers it; send no password unencrypted to other hosts."""
    is_safe = server.scheme == "smtps" or _is_local(server.hostname)
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=_tls_context(server))
    elif server.username and not is_safe:
        raise smtplib.SMTPNotSupportedError(
            "the server offers no TLS, so no password is sent"
        )
    if server.username:
        smtp.login(unquote(server.username), unquote(server.password or ""))


def _is_local(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
