"""The programs around the service; where one is missing, only CI fails."""

import http.client
import json
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.cluster.front import Nginx
from deploy.cluster.programs import Missing, find
from tests.deploy.echo import Echo, echoes

PACKAGES = {
    "nginx": "nginx-light",
    "pgbouncer": "pgbouncer",
    "openssl": "openssl",
    "systemd-analyze": "systemd",
}


class Answer(NamedTuple):
    """What nginx said."""

    status: int
    headers: http.client.HTTPMessage
    body: Any


class Front:
    """nginx, and what stands behind it."""

    def __init__(self, nginx: Nginx, behind: list[Echo]) -> None:
        self.nginx, self.behind = nginx, behind
        self.context = ssl.create_default_context(cafile=str(nginx.certificate))

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request over TLS; underscores in names become hyphens."""
        connection = http.client.HTTPSConnection(
            "localhost", self.nginx.port, timeout=20, context=self.context
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            return _received(connection.getresponse())
        finally:
            connection.close()

    def send(self, raw: bytes) -> Answer:
        """Send these bytes over TLS, and read one response."""
        connection = http.client.HTTPSConnection(
            "localhost", self.nginx.port, timeout=20, context=self.context
        )
        connection.connect()
        try:
            connection.sock.sendall(raw)
            response = http.client.HTTPResponse(connection.sock)
            response.begin()
            return _received(response)
        finally:
            connection.close()


def _received(response: http.client.HTTPResponse) -> Answer:
    """Return what came back; problems are JSON."""
    body = response.read()
    is_json = "json" in response.headers["Content-Type"]
    return Answer(
        response.status, response.headers, json.loads(body) if is_json else body
    )


def need(*programs: str) -> None:
    """Skip the test where a program is missing; in CI, fail."""
    try:
        for program in programs:
            find(program, PACKAGES[program])
    except Missing as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that a program running as nobody can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def fronted(folder: Path) -> Iterator[Callable[[int], Front]]:
    """Return a maker of nginx, as it is shipped, in front of so many instances."""
    need("nginx", "openssl")
    made: list[Nginx] = []
    with echoes(2) as behind:

        def start(number: int) -> Front:
            made.append(Nginx(folder, [one.port for one in behind[:number]]))
            return Front(made[-1], behind[:number])

        yield start
        for nginx in made:
            nginx.program.kill()
