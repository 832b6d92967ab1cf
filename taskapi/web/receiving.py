"""Reading of request bodies: a request is processed only after it is complete.

The caller is looked up after the last byte has arrived, so a slow body occupies no
database connection, and credentials that end during the upload are rejected.
"""

from flask import Flask, Response, g, request
from werkzeug import exceptions

from taskapi.server.wire import Unparsed
from taskapi.web.problems import problem_response

MAX_BYTES = 1024 * 1024


class Incomplete(exceptions.BadRequest):
    """Fewer bytes arrived than announced, or the chunks are malformed."""

    description = (
        "The body is incomplete or its chunks are malformed, so nothing was changed. "
        "Send the whole request again."
    )


def init_app(app: Flask) -> None:
    """Read each request before it is routed."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.before_request(_reject_unparsed)
    app.before_request(_read_body)


def reject_oversized() -> None:
    """Reject a body beyond the limit; `_read_body` left the rest of it unread."""
    if "oversized" in g:
        raise exceptions.RequestEntityTooLarge


def _reject_unparsed() -> Response | None:
    """Return the problem of a request that the server could not parse."""
    body = request.input_stream
    if not isinstance(body, Unparsed):
        return None
    return problem_response(body.code, body.detail)


def _read_body() -> None:
    """Read the body; one that is too large is rejected later, after the credentials."""
    coding = request.headers.get("Transfer-Encoding")
    if coding is None and not request.content_length:
        return
    if coding is not None and coding.strip().lower() != "chunked":
        raise exceptions.NotImplemented
    if (request.content_length or 0) > MAX_BYTES:
        g.oversized = True
        return
    body = _read()
    if len(body) < (request.content_length or 0):
        raise Incomplete
    if len(body) > MAX_BYTES:
        g.oversized = True


def _read() -> bytes:
    request.max_content_length = MAX_BYTES + 1  # Werkzeug reads no further
    try:
        return request.get_data()
    except Exception as error:  # each WSGI server raises its own errors
        raise Incomplete from error
