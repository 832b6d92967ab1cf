"""Idempotency-Key (IETF draft httpapi-idempotency-key-header) on what changes things.

The factory injects where answers are kept, so that this module knows no feature.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, request

from taskapi.errors import FieldError, Invalid
from taskapi.web.authentication import caller
from taskapi.web.multipart import digest
from taskapi.web.openapi.operations import annotate
from taskapi.web.parsing import JSON_TYPES, read_body
from taskapi.web.strict_json import canonical

NAME = "Idempotency-Key"
KEPT_HEADERS = ("Content-Type", "ETag", "Location")


class ResponseStore(NamedTuple):
    """The functions that store responses.

    `begin` returns what must be called when the request has ended, `claim` returns a
    stored response or takes the key, `keep` stores a response.
    """

    begin: Callable[[int, str], Callable[[], None]]
    claim: Callable[[int, str, str], Any | None]
    keep: Callable[..., None]


def init_app(app: Flask, keeper: ResponseStore) -> None:
    """Take the keeper of the features."""
    app.extensions["answers"] = keeper
    app.teardown_request(_end)


def idempotent(view: Callable[..., Any]) -> Callable[..., Any]:
    """Do a request with a key once; answer repetitions as the first was answered.

    Stands below what checks the request: a key is for one that can be done.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(NAME)
        if key is None:
            return view(*args, **kwargs)
        keeper: ResponseStore = current_app.extensions["answers"]
        subject = _subject(key)
        if "end_idempotent" not in g:  # the transaction may be repeated
            g.end_idempotent = keeper.begin(caller().id, subject)
        kept = keeper.claim(caller().id, subject, _fingerprint())
        if kept:
            return _replay(kept)
        response: Response = view(*args, **kwargs)
        keeper.keep(caller().id, subject, **_parts(response))
        return response

    return annotate(
        wrapper,
        problems=["request-in-progress", "idempotency-key-reused"],
        parameters=["IdempotencyKey"],
        headers=["Idempotency-Replayed"],
    )


def _end(_error: BaseException | None) -> None:
    """Let another request with the key begin, after the commit of this one."""
    end = g.pop("end_idempotent", None)
    if end is not None:
        end()


def _subject(key: str) -> str:
    """Return what an answer is kept under: this key for this method and path."""
    if not re.fullmatch("[!-~]{1,255}", key):
        fault = FieldError("Send 1 to 255 visible ASCII characters.", "format")
        raise Invalid({NAME: [fault]}, in_query=True)
    return _digest(request.method, request.path.rstrip("/"), key)


def _fingerprint() -> str:
    """Return what two requests have in common if one repeats the other.

    Clients may write the same JSON differently, so JSON is compared by value.
    """
    if request.mimetype in JSON_TYPES:
        body = hashlib.sha256(canonical(read_body(request))).hexdigest()
    else:
        body = digest(request)
    return _digest(request.query_string.decode("latin-1"), body)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()


def _parts(response: Response) -> dict[str, Any]:
    headers = [
        f"{n}: {response.headers[n]}" for n in KEPT_HEADERS if n in response.headers
    ]
    body = response.get_data()
    return {"status": response.status_code, "headers": "\n".join(headers), "body": body}


def _replay(kept: Any) -> Response:
    headers = dict(line.split(": ", 1) for line in kept.headers.splitlines())
    response = Response(kept.body, kept.status, headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response
