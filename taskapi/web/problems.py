"""Every refusal as RFC 9457 problem details, from one table.

The catalogue answers errors of the domain and of HTTP alike, and it is what the problem
pages show.
"""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from taskapi import errors
from taskapi.web.problem_types import PROBLEM_TYPES

log = structlog.get_logger()

MAX_FIELD_ERRORS = 1000
MEDIA_TYPE = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
BY_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "payload-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    429: "rate-limited",
    431: "headers-too-large",
    500: "internal-error",
    501: "not-implemented",
    503: "service-unavailable",
}


def init_app(app: Flask) -> None:
    """Answer every error with a problem."""
    app.register_error_handler(errors.Problem, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _fail)


def _refuse(error: errors.Problem) -> Response:
    members = dict(error.details)
    if error.faults:
        members["errors"] = list(islice(_flatten(error), MAX_FIELD_ERRORS))
    headers = {}
    if isinstance(error, errors.Unauthenticated | errors.InsufficientScope):
        headers["WWW-Authenticate"] = _challenge(error)
    if "retry_after" in members:
        headers["Retry-After"] = str(members.pop("retry_after"))
    return answer(error.code, error.detail, headers, **members)


def _refuse_http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    code = BY_STATUS.get(error.code, "bad-request")
    kept = {name: text for name, text in error.get_headers() if name != "Content-Type"}
    ours = type(error).__module__.startswith("taskapi.")
    detail = str(error.description) if ours else PROBLEM_TYPES[code].meaning
    return answer(code, detail, kept)


def _fail(error: Exception) -> Response:
    log.error("request failed", exc_info=error)
    return answer("internal-error", PROBLEM_TYPES["internal-error"].meaning, {})


def answer(code: str, detail: str, headers: dict[str, str], **members: Any) -> Response:
    """Return the problem of this code; `members` are its extension members."""
    kind = PROBLEM_TYPES[code]
    if request.mimetype == FORM:
        members.setdefault("error", kind.oauth)
    body = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": quote(request.path, errors="replace"),
        "code": code,
        "request_id": g.get("request_id"),
        **members,
    }
    return Response(
        current_app.json.dumps(body), kind.status, headers, mimetype=MEDIA_TYPE
    )


def _challenge(error: errors.Problem) -> str:
    """Return the RFC 6750 challenge; without credentials it names no error."""
    realm = 'Bearer realm="taskapi"'
    if isinstance(error, errors.InsufficientScope):
        scope = error.details["required_scope"]
        return f'{realm}, error="insufficient_scope", scope="{scope}"'
    silent = (errors.TokenMissing, errors.InvalidCredentials)
    return realm if isinstance(error, silent) else f'{realm}, error="invalid_token"'


def _flatten(error: errors.Problem) -> Iterator[dict[str, Any]]:
    """List the faults with a JSON pointer (RFC 6901) or the parameter of each."""
    for path, fault in leaves(error.faults, ()):
        hint = getattr(fault, "hint", None)
        code = getattr(fault, "code", "invalid")
        yield (
            _place(error, path, fault)
            | {"code": code, "message": fault}
            | ({"hint": hint} if hint else {})
        )


def _place(error: errors.Problem, path: tuple[str, ...], fault: str) -> dict[str, Any]:
    if error.in_query:
        return {"parameter": path[0] if path else ""}
    if error.in_lines:
        column = getattr(fault, "column", None) or 1
        line = {"line": int(path[0]), "column": column}
        return line | {"pointer": _pointer(path[1:])}
    return {"pointer": _pointer(path)}


def _pointer(path: tuple[str, ...]) -> str:
    return "#" + "".join(f"/{_escape(step)}" for step in path)


def leaves(faults: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each fault with the path of names to it."""
    if isinstance(faults, dict):
        for key, inner in faults.items():
            yield from leaves(inner, (*path, *_steps(key)))
    else:
        for fault in faults:
            yield path, fault


def _steps(key: Any) -> tuple[str, ...]:
    """Return the steps of a name, of a path of names, or of the whole."""
    steps = key if isinstance(key, tuple) else () if key is None else (key,)
    return tuple(map(str, steps))


def _escape(step: str) -> str:
    return quote(step.replace("~", "~0").replace("/", "~1"), errors="replace")
