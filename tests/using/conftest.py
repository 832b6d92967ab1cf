"""Fixtures for a server that external programs and pages use."""

import http.server
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.system.conftest import Serve, serving

__all__ = ["serving"]
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PICTURES = ROOT / "build" / "screenshots"
MILLISECONDS_TO_APPEAR = 120_000


def need(*programs: str) -> str:
    """Return the path of the first installed program; skip or fail without one."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        message = f"needs {programs[0]}, from the Debian package of that name"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return str(found)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """File server without a log."""

    def log_message(self, *arguments: Any) -> None:
        """Log nothing."""


class Account(NamedTuple):
    """A new account on the server, without tasks."""

    name: str
    address: str
    access_token: str


@pytest.fixture(scope="session")
def pages() -> Iterator[str]:
    """Return the URL of another server, which serves the example pages."""
    handler = partial(QuietHandler, directory=EXAMPLES)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()


@pytest.fixture(scope="session")
def service(serving: Serve, pages: str) -> Server:
    """Return a server that allows the origin of those pages."""
    return serving(CORS_ORIGINS=pages)


@pytest.fixture
def account(service: Server) -> Account:
    """Return a new account with an access token."""
    name = f"ann-{secrets.token_hex(4)}"
    login = {"username": name, "password": PASSWORD}
    made = service.call("POST", f"{API}/auth/register", login)
    assert made.status == 201, made.body
    tokens = service.call("POST", f"{API}/auth/login", login).json
    return Account(name, f"http://127.0.0.1:{service.port}", tokens["access_token"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless browser; its event loop must not outlive the module."""
    program = need("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


class Visit:
    """A page in a browser, with its console messages and requested hosts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(MILLISECONDS_TO_APPEAR)
        page.on("console", self._record)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _record(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def go(self, path: str) -> "Visit":
        """Open a page of the server, and wait until it is loaded."""
        self.page.goto(self.address + path, wait_until="networkidle")
        return self

    def photograph(self, name: str) -> None:
        """Save a screenshot."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture(scope="session")
def documented(serving: Serve) -> Server:
    """Return the server that documented calls are sent to."""
    return serving()


@pytest.fixture
def empty(documented: Server, make_app: Callable[..., Flask]) -> Server:
    """Return the server with an empty database."""
    file = documented.log.with_name("tasks.db")
    with make_app(database_url=f"sqlite:///{file}").app_context():
        with db.transaction():
            for table in ("projects", "users"):  # assignees refer to members
                db.session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 # names
            db.session.execute(text("DELETE FROM sqlite_sequence"))
        db.database.engine.dispose()
    return documented
