"""Content and delivery of emails."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask

from taskapi import clock
from tests.helpers.client import Client
from tests.helpers.rows import count
from tests.helpers.smtp import TOKEN, Mailbox, emails, send
from tests.recovery.conftest import SENDER

pytestmark = pytest.mark.one_database

OPENSSL = shutil.which("openssl") or ""
PAGES = "https://tasks.example.org/app"
ELSEWHERE = "0.0.0.0"  # noqa: S104 - this machine, but not a loopback address
SECRET = "p@ss:w/rd"
with_openssl = pytest.mark.skipif(
    not OPENSSL and not os.environ.get("CI"), reason="openssl creates the certificate"
)
Post = Callable[..., Client]


@pytest.fixture
def post(ann: Client, app_with: Callable[..., Flask]) -> Post:
    """Return a function that requests an email for Ann from an app with settings."""

    def make(path: str = "auth/password-reset/request", **settings: Any) -> Client:
        usual = ann.app.extensions["settings"]
        mail = {"smtp_url": usual.smtp_url, "mail_from": SENDER}
        client = Client(app_with(**mail | settings))
        assert client.post(path, {"email": "ann@example.org"}).status_code == 202
        return client

    return make


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return the TLS context of a server with a self-signed certificate."""
    folder = tmp_path_factory.mktemp("tls")
    name, curve = ["-subj", "/CN=localhost"], ["-pkeyopt", "ec_paramgen_curve:P-256"]
    command = [OPENSSL, "req", "-x509", "-newkey", "ec", *curve, "-nodes", *name]
    files = ["-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run([*command, *files], check=True, capture_output=True)  # noqa: S603 - openssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


@pytest.fixture
def open_mailbox() -> Iterator[Callable[..., Mailbox]]:
    """Return a function that starts an SMTP server."""
    made: list[Mailbox] = []

    def make(**options: Any) -> Mailbox:
        made.append(Mailbox(**options))
        return made[-1]

    yield make
    for mailbox in made:
        mailbox.close()


def check(_server: Any, _session: Any, _envelope: Any, _kind: Any, login: Any) -> Any:
    """Accept the user name and the password."""
    expected = LoginPassword(b"ann", SECRET.encode())
    return AuthResult(success=login == expected)


def test_email_is_plain_text_and_marked_as_automatic(
    post: Post, mailbox: Mailbox
) -> None:
    (email,) = emails(post(), mailbox)

    age = clock.now() - parsedate_to_datetime(email["Date"])
    assert (email["From"], email["To"]) == (SENDER, "ann@example.org")
    assert email["Subject"] == "Reset your password"
    assert email["Auto-Submitted"] == "auto-generated"
    assert email.get_content_type() == "text/plain"
    assert re.fullmatch(r"<[\w.]+@example\.org>", email["Message-ID"])
    assert abs(age.total_seconds()) < 60


def test_message_ids_are_unique(post: Post, mailbox: Mailbox) -> None:
    client = post()
    first = emails(client, mailbox)

    second = emails(post(), mailbox)

    ids = [email["Message-ID"] for email in [*first, *second]]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("auth/password-reset/request", "reset-password"),
        ("auth/verify-email/request", "verify-email"),
    ],
    ids=["reset", "verify"],
)
def test_email_links_to_the_page_of_the_application(
    post: Post, mailbox: Mailbox, path: str, page: str
) -> None:
    (email,) = emails(post(path, app_url=PAGES), mailbox)

    link = rf"^  {re.escape(PAGES)}/{page}#token=[\w-]{{43}}\r?$"
    assert re.search(link, email.get_content(), re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("auth/password-reset/request", "auth/password-reset/complete"),
        ("auth/verify-email/request", "auth/verify-email/complete"),
    ],
    ids=["reset", "verify"],
)
def test_email_without_an_application_names_the_operation(
    post: Post, mailbox: Mailbox, path: str, operation: str
) -> None:
    (email,) = emails(post(path, public_url="https://api.example.org"), mailbox)

    content = email.get_content()
    assert f"POST https://api.example.org/api/v1/{operation}" in content
    assert TOKEN.search(content)


def test_longest_address_is_not_wrapped(app: Flask, mailbox: Mailbox) -> None:
    domain = ".".join(["d" * 63, "e" * 63, "f" * 55, "org"])
    address = f"{'a' * 64}@{domain}"
    account = {"email": address, "password": "a long walk in the rain"}
    anonymous = Client(app)
    assert anonymous.post("auth/register", account).status_code == 201

    (email,) = emails(anonymous, mailbox)

    assert len(address) >= 250
    assert email["To"] == address


@with_openssl
def test_email_uses_starttls_if_offered(
    post: Post, open_mailbox: Callable[..., Mailbox], certificate: ssl.SSLContext
) -> None:
    mailbox = open_mailbox(tls_context=certificate)

    sent = send(post(smtp_url=f"smtp://{mailbox.address}").app)

    assert (sent, mailbox.encrypted) == (1, [True])


@with_openssl
def test_email_uses_tls_from_the_start_for_smtps(
    post: Post, open_mailbox: Callable[..., Mailbox], certificate: ssl.SSLContext
) -> None:
    mailbox = open_mailbox(ssl_context=certificate)

    sent = send(post(smtp_url=f"smtps://{mailbox.address}").app)

    assert (sent, len(mailbox.take())) == (1, 1)


@with_openssl
def test_email_is_not_sent_to_a_host_without_a_valid_certificate(
    post: Post, open_mailbox: Callable[..., Mailbox], certificate: ssl.SSLContext
) -> None:
    mailbox = open_mailbox(tls_context=certificate)
    elsewhere = mailbox.address.replace("127.0.0.1", ELSEWHERE)
    client = post(smtp_url=f"smtp://{elsewhere}")

    sent = send(client.app)

    assert (sent, mailbox.take()) == (0, [])
    assert count(client.app, "emails") == 1


@pytest.mark.parametrize(
    ("host", "sent"),
    [("127.0.0.1", 1), (ELSEWHERE, 0)],
    ids=["here", "elsewhere"],
)
def test_password_is_sent_without_tls_only_to_localhost(
    post: Post, open_mailbox: Callable[..., Mailbox], host: str, sent: int
) -> None:
    mailbox = open_mailbox(auth_require_tls=False, authenticator=check)
    server = mailbox.address.replace("127.0.0.1", host)

    number = send(post(smtp_url=f"smtp://ann:p%40ss%3Aw%2Frd@{server}").app)

    assert (number, len(mailbox.take())) == (sent, sent)
