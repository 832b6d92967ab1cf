"""Conditional requests (RFC 9110, section 13) on the version of a resource."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from taskapi.errors import PreconditionRequired
from taskapi.web.document import annotate
from taskapi.web.settings import settings

VERSION = "[1-9][0-9]{0,17}"


def read(view: Callable[..., Any]) -> Callable[..., Any]:
    """Send the ETag of what the view returns; answer 304 to who has it already."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return tagged(view(*args, **kwargs))

    return readable(wrapper)


def readable(view: Callable[..., Any]) -> Callable[..., Any]:
    """Document that the view may answer with `tagged`."""
    return annotate(view, parameters=["IfNoneMatch"], headers=["ETag"])


def tagged(found: Any) -> Any:
    """Return a resource with its ETag, or 304 to who has it already."""
    if _has(str(found.version)):
        return Response(status=304, headers=_tag(found))
    return found, _tag(found)


def listing(view: Callable[..., Any]) -> Callable[..., Any]:
    """Tag the whole answer weakly by what it holds; answer 304 to who has the same."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        response: Response = view(*args, **kwargs)
        tag = hashlib.sha256(response.data).hexdigest()[:32]
        response.set_etag(tag, weak=True)
        if _has(tag):
            return Response(status=304, headers={"ETag": response.headers["ETag"]})
        return response

    return readable(wrapper)


def write(view: Callable[..., Any]) -> Callable[..., Any]:
    """Give the view the `versions` that If-Match allows, and send the new ETag."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        written = view(*args, versions=_expected(), **kwargs)
        return written if written is None else (written, _tag(written))

    return annotate(
        wrapper,
        problems=["precondition-failed", "precondition-required"],
        parameters=["IfMatch"],
        headers=["ETag"],
    )


def created(resource: Any, location: str) -> tuple[Any, dict[str, str]]:
    """Answer a creation with its Location and ETag."""
    return resource, {"Location": location} | _tag(resource)


def _has(tag: str) -> bool:
    """Tell whether the caller has the resource with this tag already."""
    named = "If-None-Match" in request.headers
    return named and request.if_none_match.contains_weak(tag)


def _tag(resource: Any) -> dict[str, str]:
    return {"ETag": f'"{resource.version}"'}


def _expected() -> frozenset[int] | None:
    """Return the versions that If-Match names, opaque and weakened tags alike."""
    if "If-Match" not in request.headers:
        if settings.require_if_match:
            raise PreconditionRequired
        return None
    if request.if_match.star_tag:
        return None
    tags = filter(None, request.if_match.as_set(include_weak=True))
    return frozenset(int(tag) for tag in tags if re.fullmatch(VERSION, tag))
