"""Error responses: RFC 9457 problem details for every error, by `problem_types`."""

import traceback
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from urllib.parse import quote

import structlog
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from taskapi import errors
from taskapi.typing import JsonObject
from taskapi.web.problem_types import PROBLEM_TYPES
from taskapi.web.settings import settings

log = structlog.get_logger()

MAX_FIELD_ERRORS = 1000
MEDIA_TYPE = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
CODES_BY_STATUS = {
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
    """Register the error handlers."""
    app.register_error_handler(errors.Problem, _handle_problem)
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.register_error_handler(Exception, _handle_exception)


def _handle_problem(problem: errors.Problem) -> Response:
    members = dict(problem.details)
    if problem.errors:
        members["errors"] = list(islice(_error_members(problem), MAX_FIELD_ERRORS))
    headers = {}
    if isinstance(problem, errors.Unauthenticated | errors.InsufficientScope):
        headers["WWW-Authenticate"] = _challenge(problem)
    if "retry_after" in members:
        headers["Retry-After"] = str(members.pop("retry_after"))
    return problem_response(problem.code, problem.detail, headers, **members)


def _handle_http_exception(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    code = CODES_BY_STATUS.get(error.code, "bad-request")
    headers = {
        name: text for name, text in error.get_headers() if name != "Content-Type"
    }
    # Descriptions of Werkzeug's own exceptions may reveal internals.
    is_own = type(error).__module__.startswith("taskapi.")
    return problem_response(code, error.description if is_own else None, headers)


def _handle_exception(error: Exception) -> Response:
    """Log the error; in debug mode of the development environment, return it too."""
    log.error("request failed", exc_info=error)
    if current_app.debug and settings.environment == "development":
        lines = "".join(traceback.format_exception(error)).splitlines()
        return problem_response("internal-error", traceback=lines)
    return problem_response("internal-error")


def problem_response(
    code: str,
    detail: str | None = None,
    headers: dict[str, str] | None = None,
    **members: object,
) -> Response:
    """Return a response with problem details.

    The default `detail` is the text of the problem type. `members` are extension
    members.
    """
    problem_type = PROBLEM_TYPES[code]
    if _is_oauth():
        members.setdefault("error", problem_type.oauth_error)
    body = {
        "type": f"/problems/{code}",
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": detail or problem_type.detail,
        "instance": quote(request.path, errors="replace"),
        "code": code,
        "request_id": g.get("request_id"),
        **members,
    }
    return Response(
        current_app.json.dumps(body),
        problem_type.status,
        headers,
        mimetype=MEDIA_TYPE,
    )


def _is_oauth() -> bool:
    """Return whether a form was sent to an operation that accepts OAuth 2.0 forms."""
    if request.mimetype != FORM:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    contract = getattr(view, "_apidoc", {}).get("contract", {})
    return bool(contract.get("accepts_forms"))


def _challenge(problem: errors.Problem) -> str:
    """Return the challenge of RFC 6750; it names no error if no token was sent."""
    realm = 'Bearer realm="taskapi"'
    if isinstance(problem, errors.InsufficientScope):
        scope = problem.details["required_scope"]
        return f'{realm}, error="insufficient_scope", scope="{scope}"'
    if isinstance(problem, errors.TokenMissing | errors.InvalidCredentials):
        return realm
    return f'{realm}, error="invalid_token"'


def _error_members(problem: errors.Problem) -> Iterator[JsonObject]:
    """Yield the entries of the member `errors`."""
    for path, error in flatten(problem.errors):
        hint = getattr(error, "hint", None)
        yield (
            _location(problem, path, error)
            | {"code": getattr(error, "code", "invalid"), "message": error}
            | ({"hint": hint} if hint else {})
        )


def _location(problem: errors.Problem, path: tuple[str, ...], error: str) -> JsonObject:
    """Return the query parameter, or the JSON pointer (RFC 6901), of an error."""
    if problem.in_query:
        return {"parameter": path[0] if path else ""}
    if problem.in_lines:
        column = getattr(error, "column", None) or 1
        line = {"line": int(path[0]), "column": column}
        return line | {"pointer": _pointer(path[1:])}
    return {"pointer": _pointer(path)}


def _pointer(path: tuple[str, ...]) -> str:
    return "#" + "".join(f"/{_escape(step)}" for step in path)


def flatten(
    errors_by_name: object, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path and the message of each error, from marshmallow's nested form."""
    if isinstance(errors_by_name, dict):
        for name, inner in errors_by_name.items():
            yield from flatten(inner, (*path, *_steps(name)))
    elif isinstance(errors_by_name, list):
        for error in errors_by_name:
            yield path, error


def _steps(name: object) -> tuple[str, ...]:
    """Return the steps of a name or a path; None, for the whole document, has none."""
    steps = name if isinstance(name, tuple) else () if name is None else (name,)
    return tuple(map(str, steps))


def _escape(step: str) -> str:
    return quote(step.replace("~", "~0").replace("/", "~1"), errors="replace")
