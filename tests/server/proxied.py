"""Requests through nginx to echo servers."""

import http.client
import json
import ssl
from typing import Any, NamedTuple

from tests.helpers.nginx import Nginx
from tests.server.echo import EchoServer


class Response(NamedTuple):
    """A response of nginx; JSON is parsed."""

    status: int
    headers: http.client.HTTPMessage
    body: Any


class Proxy:
    """nginx and the servers behind it."""

    def __init__(self, nginx: Nginx, servers: list[EchoServer]) -> None:
        self.nginx, self.servers = nginx, servers
        self.context = ssl.create_default_context(cafile=str(nginx.certificate))

    @property
    def forwarded(self) -> list[dict[str, Any]]:
        """The requests that reached a server."""
        return [request for server in self.servers for request in server.requests]

    def call(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> Response:
        """Send a request over TLS; underscores in header names become hyphens."""
        connection = self._connection()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            return _parse(connection.getresponse())
        finally:
            connection.close()

    def send(self, raw: bytes) -> Response:
        """Send bytes over TLS, and read one response."""
        connection = self._connection()
        connection.connect()
        try:
            connection.sock.sendall(raw)
            response = http.client.HTTPResponse(connection.sock)
            response.begin()
            return _parse(response)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "localhost", self.nginx.port, timeout=20, context=self.context
        )


def _parse(response: http.client.HTTPResponse) -> Response:
    body = response.read()
    is_json = "json" in response.headers["Content-Type"]
    content = json.loads(body) if is_json else body
    return Response(response.status, response.headers, content)
