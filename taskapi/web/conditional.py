"""Conditional requests (RFC 9110, section 13) on the version of a resource."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from taskapi.errors import PreconditionRequired
from taskapi.web.openapi.operations import annotate
from taskapi.web.settings import settings

VERSION = "[1-9][0-9]{0,17}"
PROXY_SUFFIX = re.compile(r'(?:--?|[;:])(?:gzip|br|zstd|deflate)(?="?\s*(?:,|$))')
"""Proxies that compress a response change its entity tag in one of these ways."""


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
    if is_current(str(found.version)):
        return Response(status=304, headers=_tag(found))
    return found, _tag(found)


def listing(view: Callable[..., Any]) -> Callable[..., Any]:
    """Tag the whole answer weakly by what it holds; answer 304 to who has the same."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        response: Response = view(*args, **kwargs)
        tag = hashlib.sha256(response.data).hexdigest()[:32]
        response.set_etag(tag, weak=True)
        if is_current(tag):
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


def is_current(tag: str) -> bool:
    """Return whether If-None-Match names the current tag of a resource."""
    tags = _tags("If-None-Match")
    return tags is not None and tags.contains_weak(tag)


def _tags(header: str) -> ETags | None:
    """Return the tags of a header, without what proxies added to them."""
    value = request.headers.get(header)
    return None if value is None else parse_etags(PROXY_SUFFIX.sub("", value))


def _tag(resource: Any) -> dict[str, str]:
    return {"ETag": f'"{resource.version}"'}


def _expected() -> frozenset[int] | None:
    """Return the versions that If-Match names, of strong and of weak tags."""
    tags = _tags("If-Match")
    if tags is None and settings.require_if_match:
        raise PreconditionRequired
    if tags is None or tags.star_tag:
        return None
    named = filter(None, tags.as_set(include_weak=True))
    return frozenset(int(tag) for tag in named if re.fullmatch(VERSION, tag))
