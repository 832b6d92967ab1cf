"""Only complete requests: the body is read before anything else is done.

The caller is looked up after the last byte has arrived, so a slow body holds no
database connection and cannot outlive the credential that came with it.
"""

from flask import Flask, Response, g, request
from werkzeug import exceptions

from taskapi.server.wire import Unparsed
from taskapi.web.problem_types import PROBLEM_TYPES
from taskapi.web.problems import answer

MAX_BYTES = 1024 * 1024


class Incomplete(exceptions.BadRequest):
    """Fewer bytes arrived than announced, or the chunks are malformed."""

    description = (
        "The body is incomplete or its chunks are malformed, so nothing was done; "
        "send the whole request again."
    )


class UnknownCoding(exceptions.NotImplemented):
    """A transfer coding that the server does not decode."""

    description = "Send the body with Content-Length or `Transfer-Encoding: chunked`."


def init_app(app: Flask) -> None:
    """Check each message before it is routed."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.before_request(_reject)
    app.before_request(_receive)


def reject_oversized() -> None:
    """Reject a body beyond the limit; `_receive` left the rest of it unread."""
    if "oversized" in g:
        raise exceptions.RequestEntityTooLarge


def _reject() -> Response | None:
    """Return the problem of a request that the server could not parse."""
    body = request.input_stream
    if not isinstance(body, Unparsed):
        return None
    return answer(body.code, body.detail or PROBLEM_TYPES[body.code].meaning, {})


def _receive() -> None:
    """Read the body; one that is too large is rejected later, after the credentials."""
    coding = request.headers.get("Transfer-Encoding")
    if coding is None and not request.content_length:
        return
    if coding is not None and coding.strip().lower() != "chunked":
        raise UnknownCoding
    if (request.content_length or 0) > MAX_BYTES:
        g.oversized = True
        return
    body = _read()
    if len(body) < (request.content_length or 0):
        raise Incomplete
    if len(body) > MAX_BYTES:
        g.oversized = True


def _read() -> bytes:
    request.max_content_length = MAX_BYTES + 1  # werkzeug ignores what is beyond
    try:
        return request.get_data()
    except Exception as error:  # servers raise errors of their own
        raise Incomplete from error
