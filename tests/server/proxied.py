"""The programs around the service; where one is missing, only CI fails."""

import http.client
import json
import ssl
from typing import Any, NamedTuple

from tests.helpers.nginx import Nginx
from tests.server.echo import Echo


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
