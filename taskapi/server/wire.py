"""HTTP below the application: bodies as gunicorn reads them, requests it cannot parse.

A request that cannot be parsed is passed to the application too, without its body and
marked with the reason. So its response has the form, the headers and the log line of
all others.
"""

import re
import socket
import time
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn import util
from gunicorn.http import errors
from gunicorn.http.body import Body
from werkzeug.test import create_environ, run_wsgi_app

BODY_SECONDS = 30
CODES = {
    errors.LimitRequestLine: "uri-too-long",
    errors.LimitRequestHeaders: "headers-too-large",
    errors.ExpectationFailed: "expectation-failed",
    errors.UnsupportedTransferCoding: "not-implemented",
}
OF_SERVER = {
    "ConfigurationProblem",
    "InvalidResponseHeader",
    "InvalidResponseHeaderName",
}
KEPT = {
    b"content-type",
    b"host",
    b"origin",
    b"traceparent",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-request-id",
}
REQUEST_LINE = re.compile(rb"([A-Z]+) (/[^ ?#\r\n]*)[ ?#]")
ENCODE = "Percent-encode all but ASCII characters in the URL, such as %C3%A9 for é."


class Reader:
    """The reader of a body; the connection closes unless it comes to the end.

    gunicorn passes a body that ends too early on as if it were complete, and waits for
    the next bytes of one as long as the client wants.
    """

    def __init__(self, request: Any, client: socket.socket) -> None:
        self.reader = request.body.reader
        self.request, self.client = request, client
        self.closes = request.must_close
        request.must_close = True
        self.deadline = time.monotonic() + BODY_SECONDS

    def read(self, size: int) -> bytes:
        """Return so many bytes or what is left of them; nothing means the end."""
        expected = min(size, getattr(self.reader, "length", 0))
        self.client.settimeout(max(0, self.deadline - time.monotonic()))
        try:
            data: bytes = self.reader.read(size)
        finally:
            self.client.settimeout(None)
        if len(data) < expected:
            raise errors.NoMoreData
        if not data:
            self.request.must_close = self.closes
        return data


def guard_body(request: Any, client: socket.socket) -> None:
    """Read the body, if there is one, only as a whole and in time."""
    if getattr(request.body.reader, "length", None) != 0:
        reader: Any = Reader(request, client)
        request.body = Body(reader)


def code_of(error: BaseException) -> str:
    """Return the code of the problem for what went wrong in gunicorn."""
    of_client = isinstance(error, errors.ParseException)
    if not of_client or type(error).__name__ in OF_SERVER:
        return "internal-error"
    if isinstance(error, errors.InvalidHeader) and _has_other_coding(error.req):
        return "not-implemented"
    return CODES.get(type(error), "bad-request")


def response_to(
    app: Any, head: bytes, client: tuple[str, int], error: BaseException
) -> bytes:
    """Return the whole response to a request that could not be parsed."""
    sent = _parse(head) | {
        "REMOTE_ADDR": client[0],
        "wsgi.input": Unparsed(code_of(error), _detail(error)),
    }
    pieces, status, headers = run_wsgi_app(app, sent, buffered=True)
    lines = [f"HTTP/1.1 {status}", f"Date: {util.http_date()}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + b"".join(pieces)


class Unparsed(BytesIO):
    """In place of the body, why the server could not parse the request."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__()
        self.code = code
        self.detail = detail


def _has_other_coding(request: Any) -> bool:
    """Return whether a coding other than `chunked` is applied to the body."""
    named = {v for n, v in getattr(request, "headers", []) if n == "TRANSFER-ENCODING"}
    codings = {one.strip().lower() for value in named for one in value.split(",")}
    return not codings <= {"chunked"}


def _detail(error: BaseException) -> str | None:
    """Return a hint where the general sentence of the code is not enough."""
    line = str(error.req) if isinstance(error, errors.InvalidRequestLine) else ""
    return ENCODE if " HTTP/" in line and not line.isascii() else None


def _parse(head: bytes) -> dict[str, Any]:
    """Return what is known of a request: method, path and some headers."""
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    found = REQUEST_LINE.match(lines[0])
    method, path = found.groups() if found else (b"GET", b"/")
    pairs = [line.partition(b":") for line in lines[1:]]
    kept = [(n, v.strip()) for n, _, v in pairs if n.lower() in KEPT]
    headers = [(n.decode(), v.decode("latin-1")) for n, v in kept]
    sent = create_environ(method=method.decode(), headers=headers)
    return sent | {"PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
