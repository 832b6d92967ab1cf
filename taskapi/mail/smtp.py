"""How letters leave: by SMTP, or in development into the log."""

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
from taskapi.db import AnyRow

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

TIMEOUT_SECONDS = 10
SUBMISSION, SUBMISSION_TLS = 587, 465
LONG_LINES = SMTP.clone(max_line_length=998)  # a link in one piece; RFC 5322 allows it


class Text(NamedTuple):
    """What a letter says."""

    subject: str
    body: str


class Post:
    """The way that letters of one app take."""

    def __init__(self, settings: "Settings") -> None:
        self.server = urlsplit(settings.smtp_url) if settings.smtp_url else None
        self.sender = settings.mail_from or "taskapi@localhost"
        self.is_on = bool(self.server) or settings.environment == "development"


def init_app(app: Flask, settings: "Settings") -> None:
    """Take the way from the settings."""
    app.extensions["post"] = Post(settings)


def _post() -> Post:
    post: Post = current_app.extensions["post"]
    return post


def is_on() -> bool:
    """Tell whether letters are written at all."""
    return _post().is_on


def send(letter: AnyRow, text: Text) -> None:
    """Send an email; raises OSError if the server does not accept it."""
    post = _post()
    message = write(letter, text, post.sender)
    if post.server:
        _hand_over(message, letter.email, post.server)
    else:
        log.info("mail", to=letter.email, subject=text.subject, body=text.body)


def greet() -> bool:
    """Log in at the mail server and leave; tell whether all of it was encrypted.

    Raises OSError where the server is out of reach or does not let us in.
    """
    server = _post().server
    if not server:
        return True
    with _meet(server) as smtp:
        return isinstance(smtp.sock, ssl.SSLSocket)


def write(letter: AnyRow, text: Text, sender: str) -> EmailMessage:
    """Return a message; raises ValueError if its header would name another recipient.

    The email package decodes encoded words in addresses (RFC 2047).
    """
    domain = sender.rpartition("@")[2].rstrip(">")
    message = EmailMessage(policy=LONG_LINES)
    message["From"] = sender
    message["To"] = letter.email
    if [one.addr_spec for one in message["To"].addresses] != [letter.email]:
        raise ValueError("the header names another recipient")
    message["Subject"] = text.subject
    message["Date"] = format_datetime(clock.now())
    # each attempt brings a new token, so no program may take it for the one before
    name = f"{letter.created_at:%Y%m%d%H%M%S}.{letter.id}.{letter.attempts}"
    message["Message-ID"] = f"<{name}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


def _hand_over(message: EmailMessage, recipient: str, server: SplitResult) -> None:
    """Send to the stored address; smtplib would take what it reads in the header."""
    with _meet(server) as smtp:
        smtp.send_message(message, to_addrs=[recipient])


@contextmanager
def _meet(server: SplitResult) -> Iterator[smtplib.SMTP]:
    """Be logged in at the server meanwhile."""
    tls = ssl.create_default_context()
    if _is_this_machine(server.hostname):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    smtp = _connect(server, tls)
    try:
        _introduce(smtp, server, tls)
        yield smtp
    finally:
        with suppress(OSError):
            smtp.quit()


def _connect(server: SplitResult, tls: ssl.SSLContext) -> smtplib.SMTP:
    host = server.hostname or ""
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, server.port or SUBMISSION_TLS, timeout=TIMEOUT_SECONDS, context=tls
        )
    return smtplib.SMTP(host, server.port or SUBMISSION, timeout=TIMEOUT_SECONDS)


def _introduce(smtp: smtplib.SMTP, server: SplitResult, tls: ssl.SSLContext) -> None:
    """Encrypt where the server offers it; a password goes no other way to others."""
    safe = server.scheme == "smtps" or _is_this_machine(server.hostname)
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=tls)
    elif server.username and not safe:
        raise smtplib.SMTPNotSupportedError("no TLS, so no password is sent")
    if server.username:
        smtp.login(unquote(server.username), unquote(server.password or ""))


def _is_this_machine(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
