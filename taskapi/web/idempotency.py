"""Idempotency keys of writes (IETF draft httpapi-idempotency-key-header).

The factory passes in the functions that store responses, so that this module knows no
feature.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, request

from taskapi.errors import FieldError, Invalid
from taskapi.web.authentication import caller
from taskapi.web.multipart import content_digest
from taskapi.web.openapi.operations import View, annotate
from taskapi.web.parsing import JSON_TYPES, read_body
from taskapi.web.strict_json import canonical

HEADER = "Idempotency-Key"
STORED_HEADERS = ("Content-Type", "ETag", "Location")


class ResponseStore(NamedTuple):
    """The functions that store responses.

    `begin` returns a function to call after the request has ended. `reserve` returns
    the stored response, or None after reserving the key. `store` stores a response.
    """

    begin: Callable[[int, str], Callable[[], None]]
    reserve: Callable[[int, str, str], Any | None]
    store: Callable[..., None]


def init_app(app: Flask, store: ResponseStore) -> None:
    """Register the store of responses."""
    app.extensions["response_store"] = store
    app.teardown_request(_end)


def idempotent(view: View, *, unless: Callable[..., bool] | None = None) -> View:
    """Execute a request with a key once; repetitions get the stored response.

    Apply it below the decorators that validate the request, so that a rejected
    request does not use up its key. Neither does a dry run, which has no effect: its
    response is not stored, so that accounts cannot fill the table with them. `unless`
    gets the arguments of the view and returns whether the response is secret and must
    not be stored.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        digest = _key_digest(key) if key is not None else None
        is_secret = unless is not None and unless(*args, **kwargs)
        if digest is None or is_secret or _is_dry_run():
            return view(*args, **kwargs)
        return _execute_once(digest, lambda: view(*args, **kwargs))

    return annotate(
        wrapper,
        problems=["request-in-progress", "idempotency-key-reused", "limit-reached"],
        parameters=["IdempotencyKey"],
        headers=["Idempotency-Replayed"],
    )


def _execute_once(digest: str, execute: Callable[[], Response]) -> Response:
    """Return the stored response, or execute the request and store its response."""
    store: ResponseStore = current_app.extensions["response_store"]
    if "end_idempotent" not in g:  # set already if the transaction is retried
        g.end_idempotent = store.begin(caller().id, digest)
    stored = store.reserve(caller().id, digest, _fingerprint())
    if stored:
        return _replay(stored)
    response = execute()
    store.store(caller().id, digest, **_parts(response))
    return response


def _is_dry_run() -> bool:
    return request.args.get("dry_run", "").lower() == "true"


def _end(_error: BaseException | None) -> None:
    """Release the key for other requests, after the commit of this one."""
    end = g.pop("end_idempotent", None)
    if end is not None:
        end()


def _key_digest(key: str) -> str:
    """Return the hash of the method, the path and the key; raises Invalid.

    It depends on the project of a restricted API key, which must not read responses to
    other credentials.
    """
    if not re.fullmatch("[!-~]{1,255}", key):
        error = FieldError("Send 1 to 255 visible ASCII characters.", "format")
        raise Invalid({HEADER: [error]}, in_query=True)
    project_id = caller().key_project_id
    restriction = [] if project_id is None else [str(project_id)]
    return _digest(request.method, request.path.rstrip("/"), key, *restriction)


def _fingerprint() -> str:
    """Return the hash of the content; it is equal for repetitions of a request.

    JSON is compared by value, since clients may format the same value differently.
    """
    if request.mimetype in JSON_TYPES:
        body = hashlib.sha256(canonical(read_body(request))).hexdigest()
    else:
        body = content_digest(request)
    return _digest(request.query_string.decode("latin-1"), body)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()


def _parts(response: Response) -> dict[str, Any]:
    headers = [
        f"{n}: {response.headers[n]}" for n in STORED_HEADERS if n in response.headers
    ]
    body = response.get_data()
    return {"status": response.status_code, "headers": "\n".join(headers), "body": body}


def _replay(stored: Any) -> Response:
    headers = dict(line.split(": ", 1) for line in stored.headers.splitlines())
    response = Response(stored.body, stored.status, headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response
