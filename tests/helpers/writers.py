"""Clients that create tasks, read them back and record the result of each request."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, NamedTuple

from tests.helpers.programs import wait_until

API = "/api/v1"
ACCOUNT = {"username": "ann", "password": "a long walk in the rain"}
TIMEOUT_SECONDS = 40
SECONDS_BETWEEN_TRIES = 0.1
UNAVAILABLE = "503 with Retry-After"


class Result(NamedTuple):
    """One request: when it ended, the status or exception, and its duration."""

    time: float
    method: str
    status: str
    seconds: float

    @property
    def is_success(self) -> bool:
        return self.status in {"200", "201"}


class ApiConnection:
    """A connection to the service that is opened again after an error."""

    def __init__(self, port: int, certificate: str = "") -> None:
        """Connect to nginx if its certificate is given, otherwise to an instance."""
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=TIMEOUT_SECONDS
        )
        if certificate:
            context = ssl.create_default_context(cafile=certificate)
            self.connection = http.client.HTTPSConnection(
                "localhost", port, timeout=TIMEOUT_SECONDS, context=context
            )
        self.headers: dict[str, str] = {"Content-Type": "application/json"}

    def call(
        self, method: str, path: str, body: Any = None, key: str = ""
    ) -> tuple[str, Any]:
        """Return the status, or the name of the exception, and the parsed body."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        content = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, f"{API}{path}", content, headers)
            response = self.connection.getresponse()
            received = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return type(error).__name__, None
        is_unavailable = response.status == http.HTTPStatus.SERVICE_UNAVAILABLE
        if is_unavailable and response.headers["Retry-After"]:
            return UNAVAILABLE, None
        return str(response.status), json.loads(received) if received else None

    def register(self) -> None:
        """Register the account of the writers."""
        self._require("POST", "/auth/register", ACCOUNT)
        self.connection.close()

    def log_in(self) -> "ApiConnection":
        """Log in with the account of the writers."""
        tokens = self._require("POST", "/auth/login", ACCOUNT)
        self.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return self

    def _require(self, method: str, path: str, body: Any) -> Any:
        status, document = self.call(method, path, body)
        if not status.startswith("2"):
            raise RuntimeError(f"{method} {path}: {status} {document}")
        return document


class Writers:
    """Threads that write until they are stopped."""

    def __init__(self, connect: Callable[[], ApiConnection], number: int) -> None:
        connect().register()
        self.results: list[Result] = []
        self.acknowledged: list[str] = []
        self.stopping, self.aborted = Event(), Event()
        first = connect().log_in()
        connections = [first] + [connect() for _ in range(number - 1)]
        for connection in connections[1:]:
            connection.headers = first.headers
        self.threads = [
            Thread(target=self._write, args=(connection, f"client {n}"), daemon=True)
            for n, connection in enumerate(connections)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the current request of each thread has succeeded.

        Raises TimeoutError if the service does not recover.
        """
        self.stopping.set()
        wait_until(self._have_ended, lambda: str(self.results[-20:]))

    def abort(self) -> None:
        """Stop, even if requests fail."""
        self.stopping.set()
        self.aborted.set()
        wait_until(self._have_ended)

    def _have_ended(self) -> bool:
        return not any(thread.is_alive() for thread in self.threads)

    def _write(self, connection: ApiConnection, name: str) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            self._create_and_read(connection, f"{name}, task {number}")
        connection.connection.close()

    def _create_and_read(self, connection: ApiConnection, title: str) -> None:
        """Create a task, with the same key in each try, and read it."""
        key = title.replace(" ", "-").replace(",", "")
        task = self._repeat(connection, "POST", "/tasks", {"title": title}, key)
        if task:
            self.acknowledged.append(title)
            self._repeat(connection, "GET", f"/tasks/{task['id']}")

    def _repeat(
        self,
        connection: ApiConnection,
        method: str,
        path: str,
        body: Any = None,
        key: str = "",
    ) -> Any:
        """Send a request until it succeeds or is aborted, and record each result."""
        while not self.aborted.is_set():
            start = time.monotonic()
            status, document = connection.call(method, path, body, key)
            now = time.monotonic()
            self.results.append(Result(now, method, status, now - start))
            if self.results[-1].is_success:
                return document
            time.sleep(SECONDS_BETWEEN_TRIES)
        return None
