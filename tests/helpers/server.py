"""A real server: gunicorn with the project's own configuration, on a free port."""

import http.client
import json
import os
import re
import signal
import socket
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from config import Settings
from tests.helpers.client import API, PASSWORD
from tests.helpers.forked import GUNICORN, ROOT
from tests.helpers.programs import free_port, start_process, wait_until

ACCOUNT = {"username": "ann", "password": PASSWORD}
SECONDS_TO_STOP = 30
SECONDS_TO_RESPOND = 20


class Response(NamedTuple):
    """A response of the server."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server process whose output goes to one file."""

    command = (GUNICORN, "wsgi:app")

    def __init__(self, folder: Path, variables: dict[str, str], log: Path) -> None:
        self.host = variables.get("HOST", "127.0.0.1")
        self.port = int(variables["PORT"])
        self.log = log
        log.write_bytes(b"")
        self.process = start_process(list(self.command), folder, variables, log)

    def wait(self) -> "Server":
        """Return when the server responds; kill it if it does not."""
        try:
            wait_until(self._is_ready, self.log.read_text)
        except TimeoutError:
            self.process.kill()
            raise
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/health/live").status > 0
        except OSError:
            return False

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send a request on a connection of its own; a body becomes JSON."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=SECONDS_TO_RESPOND
        )
        sent = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, sent, kind | (headers or {}))
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()

    def send(self, raw: bytes) -> Response:
        """Send these bytes unchanged, and read one response."""
        address = (self.host, self.port)
        with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
            connection.sendall(raw)
            method = raw.partition(b" ")[0].decode("latin-1")
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            return Response(response.status, response.headers, response.read())

    def stop(self) -> int:
        """Send SIGTERM to the process, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(SECONDS_TO_STOP)
        finally:
            self.process.kill()

    def kill(self) -> None:
        """Kill the process and its workers."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()  # it may not have its process group yet
        self.process.wait()

    def kill_workers(self) -> None:
        """Kill the workers; return when new ones respond."""
        output = self.log.read_text()
        for pid in re.findall(r"Booting worker with pid: (\d+)", output):
            os.kill(int(pid), signal.SIGKILL)
        self.wait()

    def lines(self) -> list[str]:
        """Return the output as the lines that a terminal shows."""
        return self.log.read_text().removesuffix("\n").split("\n")

    def wait_for_output(self, text: str) -> str:
        """Wait until the output contains a text, and return all output."""
        wait_until(lambda: text in self.log.read_text(), self.log.read_text)
        return self.log.read_text()

    def entries(self, event: str = "request") -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        found = [json.loads(line) for line in self.lines()]
        return [entry for entry in found if entry["event"] == event]

    def entries_after(self, count: int) -> list[dict[str, Any]]:
        """Wait for log entries after the first `count` ones, and return them."""
        wait_until(lambda: len(self.lines()) > count, self.log.read_text)
        return [json.loads(line) for line in self.lines()[count:]]


def environment(**settings: object) -> dict[str, str]:
    """Return variables for all settings, so that a `.env` file has no effect."""
    defaults = {one.name.upper(): one.default for one in fields(Settings)}
    values = defaults | {"PORT": free_port()} | settings
    texts = {name: "" if value == () else str(value) for name, value in values.items()}
    return {"PATH": os.environ["PATH"]} | texts


def launch(folder: Path, **settings: object) -> Server:
    """Start a server as in production, but with cheap hashes and without limits."""
    usual = {"ENVIRONMENT": "production", "BCRYPT_ROUNDS": 4}
    unlimited = {"RATELIMIT_ENABLED": False, "MAX_REQUESTS_IN_PROGRESS": 1000}
    variables = environment(**usual | unlimited | settings)
    return Server(ROOT, variables, folder / f"{variables['PORT']}.log")


def chunked(method: str, path: str, chunks: list[bytes], *headers: str) -> bytes:
    """Return the bytes of a request with a chunked body."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    head += ["Transfer-Encoding: chunked", *headers, "", ""]
    body = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""]]
    return "\r\n".join(head).encode() + b"".join(body)


def get_request(path: str, *headers: str) -> bytes:
    """Return the bytes of a GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")


def log_in(server: Server, **headers: str) -> Response:
    """Log in as Ann."""
    return server.call("POST", f"{API}/auth/login", ACCOUNT, headers)
