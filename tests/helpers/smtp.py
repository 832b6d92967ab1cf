"""An SMTP server on this machine, and the emails that it received."""

import asyncio
import logging
import re
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Empty, Queue
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask

from taskapi import maintenance
from tests.helpers.client import Client
from tests.helpers.programs import free_port

SECONDS_TO_ARRIVE = 20
TOKEN = re.compile(r"^  (?:\S+#token=)?([\w-]{43})\s*$", re.MULTILINE)

logging.getLogger("mail.log").setLevel("WARNING")  # it logs each connection


class Mailbox:
    """An SMTP server; `response` is its reply to each message."""

    def __init__(self, port: int = 0, **options: Any) -> None:
        self.reset()
        self.controller = Controller(
            self, hostname="127.0.0.1", port=port or free_port(), **options
        )
        self.controller.start()

    def reset(self) -> None:
        """Forget all messages, and accept the next ones."""
        self.response = "250 OK"
        self.messages: Queue[EmailMessage] = Queue()
        self.recipients: list[str] = []
        self.is_stuck = False
        self.attempts = 0
        self.encrypted: list[bool] = []
        self.received = Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.attempts += 1
        is_stuck = self.is_stuck
        self.received.set()
        if is_stuck:
            await asyncio.Event().wait()
        self.encrypted.append(session.ssl is not None)
        self.recipients += envelope.rcpt_tos
        if self.response.startswith("250"):
            content = envelope.content
            self.messages.put(message_from_bytes(content, policy=policy.default))
        return self.response

    def next(self) -> EmailMessage:
        """Wait for the next email, and return it."""
        return self.messages.get(timeout=SECONDS_TO_ARRIVE)

    def take(self) -> list[EmailMessage]:
        """Return the emails that arrived since the last call."""
        taken: list[EmailMessage] = []
        try:
            while True:
                taken.append(self.messages.get_nowait())
        except Empty:
            return taken

    def close(self) -> None:
        with suppress(AssertionError, RuntimeError):  # closed already
            self.controller.stop()


def send(app: Flask) -> int:
    """Send due emails, as the maintenance thread of a worker does."""
    with app.app_context():
        return maintenance.send()


def emails(client: Client, mailbox: Mailbox) -> list[EmailMessage]:
    """Send due emails, and return those that arrived."""
    send(client.app)
    return mailbox.take()


def token_in(email: EmailMessage) -> str:
    """Return the token of an email."""
    (token,) = TOKEN.findall(email.get_content())
    return str(token)
