"""HTTP below the application: complete bodies, and requests that gunicorn rejects.

A request that cannot be parsed is passed to the application too, without its body and
marked with the reason. So its response has the format, the headers and the log line of
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
SERVER_ERRORS = {
    "ConfigurationProblem",
    "InvalidResponseHeader",
    "InvalidResponseHeaderName",
}
KNOWN_HEADERS = {
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
ENCODING_HINT = (
    "Percent-encode all but ASCII characters in the URL, such as %C3%A9 for é."
)


class Reader:
    """Reader of a body; unless it is read to its end, the connection is closed.

    gunicorn treats a body that ends too early as complete, and waits for the next bytes
    without a timeout.
    """

    def __init__(self, request: Any, client: socket.socket) -> None:
        self.reader = request.body.reader
        self.request, self.client = request, client
        self.closes = request.must_close
        request.must_close = True
        self.deadline = time.monotonic() + BODY_SECONDS

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end. Raises NoMoreData."""
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
    """Require that a body is complete and arrives within BODY_SECONDS."""
    if getattr(request.body.reader, "length", None) != 0:
        reader: Any = Reader(request, client)
        request.body = Body(reader)


def code_of(error: BaseException) -> str:
    """Return the problem code for an error of gunicorn."""
    is_client_error = isinstance(error, errors.ParseException)
    if not is_client_error or type(error).__name__ in SERVER_ERRORS:
        return "internal-error"
    if isinstance(error, errors.InvalidHeader) and _has_other_coding(error.req):
        return "not-implemented"
    return CODES.get(type(error), "bad-request")


def response_to(
    app: Any, head: bytes, client: tuple[str, int], error: BaseException
) -> bytes:
    """Return the whole response to a request that could not be parsed."""
    environ = _parse(head) | {
        "REMOTE_ADDR": client[0],
        "wsgi.input": Unparsed(code_of(error), _detail(error)),
    }
    pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
    lines = [f"HTTP/1.1 {status}", f"Date: {util.http_date()}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + b"".join(pieces)


class Unparsed(BytesIO):
    """Marker in place of the body: the reason why the request was not parsed."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__()
        self.code = code
        self.detail = detail


def _has_other_coding(request: Any) -> bool:
    """Return whether the body has a transfer coding other than `chunked`."""
    headers = getattr(request, "headers", [])
    values = [value for name, value in headers if name == "TRANSFER-ENCODING"]
    codings = {one.strip().lower() for value in values for one in value.split(",")}
    return not codings <= {"chunked"}


def _detail(error: BaseException) -> str | None:
    """Return a detail that is more helpful than that of the problem code."""
    line = str(error.req) if isinstance(error, errors.InvalidRequestLine) else ""
    return ENCODING_HINT if " HTTP/" in line and not line.isascii() else None


def _parse(head: bytes) -> dict[str, Any]:
    """Return a WSGI environment: method, path and known headers of a request."""
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    match = REQUEST_LINE.match(lines[0])
    method, path = match.groups() if match else (b"GET", b"/")
    pairs = [line.partition(b":") for line in lines[1:]]
    known = [(n, v.strip()) for n, _, v in pairs if n.lower() in KNOWN_HEADERS]
    headers = [(n.decode(), v.decode("latin-1")) for n, v in known]
    environ = create_environ(method=method.decode(), headers=headers)
    return environ | {"PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
