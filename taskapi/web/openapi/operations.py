"""Problems, headers and parameters of operations in the OpenAPI document.

Decorators `annotate` a view with what they add, and the Blueprint writes it into the
operation. Headers and parameters are components with our own names.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from apispec import APISpec

from taskapi.web import examples
from taskapi.web.openapi.components import HEADERS, PARAMETERS, SECURITY_SCHEMES
from taskapi.web.openapi.problem_responses import (
    COMMON_HEADERS,
    RATE_LIMIT_HEADERS,
    problem_responses,
    shared_responses,
)

View = Callable[..., Any]
Decorator = Callable[[View], View]
BODY_PROBLEMS = ["payload-too-large", "unsupported-media-type"]
JSON_PROBLEMS = ["malformed-json", *BODY_PROBLEMS]
PROBLEMS = {"form": BODY_PROBLEMS, "login": JSON_PROBLEMS, "json": JSON_PROBLEMS}
ID = re.compile("<id:((\\w+)_id)>")


def annotate(
    view: View,
    *,
    problems: Iterable[str] = (),
    members: Mapping[str, object] | None = None,
    parameters: Iterable[str] = (),
    headers: Iterable[str] = (),
    **values: object,
) -> View:
    """Add component names and other values to the documentation of a view.

    `members` are members of the examples of these problems.
    """
    apidoc = getattr(view, "_apidoc", {})
    contract = dict(apidoc.get("contract", {}))
    added = {code: dict(members or {}) for code in problems}
    contract["problems"] = added | contract.get("problems", {})
    for part, names in [("parameters", parameters), ("headers", headers)]:
        contract[part] = [*contract.get(part, []), *names]
    contract |= values
    view._apidoc = apidoc | {"contract": contract}  # type: ignore[attr-defined]  # noqa: SLF001 - smorest's place
    return view


def annotate_location(view: View, location: str) -> View:
    """Add the problems of arguments at a location, and whether forms are accepted."""
    problems = PROBLEMS.get(location, [])
    if location in {"form", "login"}:
        return annotate(view, problems=problems, accepts_forms=True)
    return annotate(view, problems=problems)


def complete(operation: dict[str, Any], contract: dict[str, Any]) -> None:
    """Add problems, parameters and headers to an operation."""
    declared = operation.pop("responses", {}).items()
    responses = {str(status): one for status, one in declared if isinstance(one, dict)}
    if "IfNoneMatch" in contract["parameters"]:
        responses["304"] = {"description": "Not changed", "headers": {"ETag": "ETag"}}
    is_limited = bool(contract["access"].limit)
    for status, response in responses.items():
        _complete_response(status, response, contract["headers"], is_limited=is_limited)
    problems = problem_responses(operation, contract["problems"], contract["path"])
    operation["responses"] = dict(sorted((problems | responses).items()))
    operation.setdefault("parameters", []).extend(contract["parameters"])


def path_parameters(rule: str) -> list[dict[str, str]]:
    """Return the descriptions of the ids in a path."""
    return [
        {"in": "path", "name": name, "description": f"The `id` of the {resource}."}
        for name, resource in ID.findall(rule)
    ]


def add_components(spec: APISpec) -> None:
    """Register the components that operations refer to."""
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, header in HEADERS.items():
        spec.components.header(name, header, lazy=True)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, str(parameter["in"]), parameter, lazy=True)
    for name, response in shared_responses().items():
        spec.components.response(name, response, lazy=True)


def _complete_response(
    status: str, response: dict[str, Any], names: list[str], *, is_limited: bool
) -> None:
    """Add the headers and the example to a response that is not a problem."""
    for media in response.get("content", {}).values():
        if "example" not in media:
            media["example"] = examples.of(media["schema"])
    named = names if status.startswith("2") else []
    tagged = [name for name in named if (status, name) != ("204", "ETag")]
    limited = RATE_LIMIT_HEADERS if is_limited else []
    headers = response.setdefault("headers", {})
    headers.update({name: name for name in [*tagged, *limited, *COMMON_HEADERS]})
