"""HTTP server that echoes what it receives, as a stand-in for an instance."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class EchoServer(ThreadingHTTPServer):
    """A server that records its requests, and may close connections instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.requests: list[dict[str, Any]] = []
        self.closes_connections = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class EchoHandler(BaseHTTPRequestHandler):
    """Handler that returns the headers and the length of the request as JSON."""

    server: EchoServer
    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        content = self.rfile.read(length)
        request = {"headers": dict(self.headers), "bytes": len(content)}
        self.server.requests.append(request)
        if self.server.closes_connections:
            self.close_connection = True
            return
        body = json.dumps(request).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = respond  # noqa: N815 - the library's names

    def log_message(self, *_arguments: Any) -> None:
        """Do not log."""


@contextmanager
def echo_servers(number: int) -> Iterator[list[EchoServer]]:
    """Run a number of servers for the duration of the block."""
    servers = [EchoServer() for _ in range(number)]
    threads = [Thread(target=one.serve_forever, args=(0.01,)) for one in servers]
    for thread in threads:
        thread.start()
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()
