"""Clients that make tasks and read them back, and write down what they see."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, NamedTuple

API = "/api/v1"
PHRASE = "a long walk in the rain"
ACCOUNT = {"username": "ann", "password": PHRASE}
TASKS_BETWEEN_FIGURES = 10
SECONDS_TO_ANSWER = 40
SECONDS_BETWEEN_TRIES = 0.1
NOT_NOW = 503


class Seen(NamedTuple):
    """One request as its client saw it: when it ended, and how."""

    at: float
    method: str
    status: str
    seconds: float

    @property
    def is_good(self) -> bool:
        return self.status in {"200", "201"}

    @property
    def is_polite(self) -> bool:
        """Tell whether it was refused as promised: not now, and when to come back."""
        return self.status == "503 with Retry-After"


class Caller:
    """A connection to the service that is made again when it breaks."""

    def __init__(self, port: int, certificate: str = "") -> None:
        """Take the certificate of nginx, or none to go straight to an instance."""
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=SECONDS_TO_ANSWER
        )
        if certificate:
            context = ssl.create_default_context(cafile=certificate)
            self.connection = http.client.HTTPSConnection(
                "localhost", port, timeout=SECONDS_TO_ANSWER, context=context
            )
        self.headers: dict[str, str] = {"Content-Type": "application/json"}

    def call(
        self, method: str, path: str, body: Any = None, key: str = ""
    ) -> tuple[str, Any]:
        """Return the status, or the name of what went wrong, and the answer."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        sent = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, f"{API}{path}", sent, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return type(error).__name__, None
        hint = " with Retry-After" if answer.status == NOT_NOW else ""
        hint = hint if answer.headers["Retry-After"] else ""
        return f"{answer.status}{hint}", json.loads(content) if content else None

    def register(self) -> None:
        """Make the account."""
        self._must("POST", "/auth/register", ACCOUNT)
        self.connection.close()

    def log_in(self) -> "Caller":
        """Begin a session of the account."""
        token = self._must("POST", "/auth/login", ACCOUNT)["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"
        return self

    def _must(self, method: str, path: str, body: Any) -> Any:
        status, answer = self.call(method, path, body)
        if not status.startswith("2"):
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer


class Crowd:
    """Clients that go on until they are told to stop.

    They make their account, unless there is one, which may ask for figures then.
    """

    def __init__(
        self, call: Callable[[], Caller], number: int, *, as_admin: bool = False
    ) -> None:
        if not as_admin:
            call().register()
        self.as_admin = as_admin
        self.seen: list[Seen] = []
        self.acknowledged: list[str] = []
        self.enough = Event()
        first = call().log_in()
        callers = [first] + [call() for _ in range(number - 1)]
        for caller in callers[1:]:
            caller.headers = first.headers
        self.threads = [
            Thread(target=self._work, args=(caller, f"client {n}"), daemon=True)
            for n, caller in enumerate(callers)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it has begun."""
        self.enough.set()
        for thread in self.threads:
            thread.join()

    def _work(self, caller: Caller, name: str) -> None:
        number = 0
        while not self.enough.is_set():
            number += 1
            self._make_and_read(caller, f"{name}, task {number}")
            if self.as_admin and number % TASKS_BETWEEN_FIGURES == 0:
                self._insist(caller, "GET", "/tasks/admin/stats")
        caller.connection.close()

    def _make_and_read(self, caller: Caller, title: str) -> None:
        """Make a task, however often it takes, and read it: it must be there."""
        key = title.replace(" ", "-").replace(",", "")
        made = self._insist(caller, "POST", "/tasks", {"title": title}, key)
        self.acknowledged.append(title)
        self._insist(caller, "GET", f"/tasks/{made['id']}")

    def _insist(
        self, caller: Caller, method: str, path: str, body: Any = None, key: str = ""
    ) -> Any:
        """Ask again until the answer is good; note each answer."""
        while True:
            began = time.monotonic()
            status, answer = caller.call(method, path, body, key)
            now = time.monotonic()
            self.seen.append(Seen(now, method, status, now - began))
            if self.seen[-1].is_good:
                return answer
            time.sleep(SECONDS_BETWEEN_TRIES)
