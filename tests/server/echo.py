"""Something for nginx to ask: it says what it heard, or hangs up when it is told to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Echo(ThreadingHTTPServer):
    """An instance of nothing, on a port of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard)
        self.heard: list[dict[str, Any]] = []
        self.hangs_up = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Heard(BaseHTTPRequestHandler):
    """One request, answered by what was heard of it."""

    server: Echo
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        heard = {"headers": dict(self.headers), "bytes": len(self.rfile.read(length))}
        self.server.heard.append(heard)
        if self.server.hangs_up:
            self.close_connection = True
            return
        body = json.dumps(heard).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def echoes(number: int) -> Iterator[list[Echo]]:
    """Let so many of them answer for a while."""
    made = [Echo() for _ in range(number)]
    threads = [Thread(target=one.serve_forever, args=(0.01,)) for one in made]
    for thread in threads:
        thread.start()
    yield made
    for one, thread in zip(made, threads, strict=True):
        one.shutdown()
        thread.join()
        one.server_close()
