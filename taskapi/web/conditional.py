"""Conditional requests (RFC 9110, section 13) on the version of a resource.

Updates may contain read-only members, so that clients can send back what they read:
`version` names the version to update, as If-Match does, and others must be unchanged.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol

import orjson
from flask import Response, current_app, request
from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from taskapi.errors import (
    FieldError,
    Invalid,
    PreconditionFailed,
    PreconditionRequired,
)
from taskapi.typing import Fields, Path
from taskapi.web.openapi.operations import View, annotate
from taskapi.web.schema import READ_ONLY, Schema
from taskapi.web.timestamps import parse_timestamp

VERSION = "[1-9][0-9]{0,17}"
PROXY_SUFFIX = re.compile(r'(?:--?|[;:])(?:gzip|br|zstd|deflate)(?="?\s*(?:,|$))')
"""Proxies that compress a response change its entity tag in one of these ways."""

Headers = dict[str, str]


ExpectedVersions = frozenset[int] | None
DIFFERENT = FieldError(
    "This field is read-only.", "read-only", "Send it unchanged, or omit it."
)


NO_VERSION = (
    "If-Match contains no version of this resource. Send the ETag of the response that "
    'you read, with its quotes, such as "3".'
)


class Resource(Protocol):
    """A row that has a version."""

    @property
    def version(self) -> int:
        """Return the version, which each update increases."""


def read(view: View) -> View:
    """Add the ETag of the resource; return 304 if the client's copy is current."""

    @wraps(view)
    def wrapper(*args: object, **kwargs: object) -> object:
        return with_entity_tag(view(*args, **kwargs))

    return readable(wrapper)


def readable(view: View) -> View:
    """Document that the view returns an ETag or 304."""
    return annotate(view, parameters=["IfNoneMatch"], headers=["ETag"])


def with_entity_tag(resource: Resource) -> Response | tuple[Resource, Headers]:
    """Return a resource with its ETag, or 304 if the client's copy is current."""
    if is_current(str(resource.version)):
        return Response(status=304, headers=_etag_header(resource))
    return resource, _etag_header(resource)


def listing(view: View) -> View:
    """Add a weak ETag of the whole body; return 304 if the client's copy is current."""

    @wraps(view)
    def wrapper(*args: object, **kwargs: object) -> Response:
        response: Response = view(*args, **kwargs)
        etag = hashlib.sha256(response.data).hexdigest()[:32]
        response.set_etag(etag, weak=True)
        if is_current(etag):
            return Response(status=304, headers={"ETag": response.headers["ETag"]})
        return response

    return readable(wrapper)


def write(view: View) -> View:
    """Pass the `versions` in If-Match to the view, and add the new ETag."""

    @wraps(view)
    def wrapper(*args: object, **kwargs: object) -> object:
        with _explain_tags(versions := _expected_versions()):
            written = view(*args, versions=versions, **kwargs)
        return written if written is None else (written, _etag_header(written))

    return annotate(
        wrapper,
        problems=["precondition-failed", "precondition-required"],
        parameters=["IfMatch"],
        headers=["ETag"],
    )


def created(resource: Resource, location: str) -> tuple[Resource, Headers]:
    """Return a new resource with its Location and ETag."""
    return resource, {"Location": location} | _etag_header(resource)


def is_current(etag: str) -> bool:
    """Return whether If-None-Match names this entity tag."""
    tags = _entity_tags("If-None-Match")
    return tags is not None and tags.contains_weak(etag)


def _entity_tags(header: str) -> ETags | None:
    """Return the entity tags of a header without the suffixes added by proxies."""
    value = request.headers.get(header)
    return None if value is None else parse_etags(PROXY_SUFFIX.sub("", value))


def _etag_header(resource: Resource) -> Headers:
    return {"ETag": f'"{resource.version}"'}


def _expected_versions() -> ExpectedVersions:
    """Return the versions in If-Match, also of weak tags; None if any will do.

    Compressing proxies make strong tags weak, so weak ones are accepted.
    Raises PreconditionRequired.
    """
    tags = _entity_tags("If-Match")
    if tags is None and current_app.config["REQUIRE_IF_MATCH"]:
        raise PreconditionRequired
    if tags is None or tags.star_tag:
        return None
    named = filter(None, tags.as_set(include_weak=True))
    return frozenset(int(tag) for tag in named if re.fullmatch(VERSION, tag))


@contextmanager
def _explain_tags(versions: ExpectedVersions) -> Iterator[None]:
    """Say what to send if no tag in If-Match is one of this service."""
    try:
        yield
    except PreconditionFailed as error:
        if versions != frozenset():
            raise
        raise PreconditionFailed(NO_VERSION, **error.details) from error


def check_read_only(
    changes: Fields,
    schema: type[Schema],
    read: Callable[[], Any],
    versions: ExpectedVersions = None,
) -> ExpectedVersions:
    """Remove the read-only members of an update; return the versions that it allows.

    `read` returns the resource. Raises PreconditionFailed for another version, Invalid
    for other members that differ.
    """
    sent = changes.pop(READ_ONLY, {})
    if not sent:
        return versions
    if is_version(sent.get("version")):
        sent_version = {sent.pop("version")}
        versions = frozenset(sent_version & (versions or sent_version))
    if sent:
        resource = read()
        if versions is not None and resource.version not in versions:
            raise PreconditionFailed(current_version=resource.version)
        reject(differences(sent, schema, resource))
    return versions


def is_version(value: object) -> bool:
    """Return whether a member can be compared with a version."""
    return type(value) is int


def differences(
    sent: Mapping[str, object], schema: type[Schema], resource: object
) -> Mapping[str, list[FieldError]]:
    """Return an error for each member that differs from the resource."""
    shown = orjson.loads(orjson.dumps(schema().dump(resource), option=orjson.OPT_UTC_Z))
    return {
        name: [DIFFERENT]
        for name, value in sent.items()
        if name not in shown or not _equal(value, shown[name])
    }


def reject(errors: Mapping[str, object] | Mapping[Path, object]) -> None:
    """Raise Invalid if there are errors."""
    if errors:
        raise Invalid(errors)


def _equal(sent: object, shown: object) -> bool:
    """Compare JSON values; numbers by value, timestamps by instant."""
    if isinstance(sent, bool) or isinstance(shown, bool):
        return sent is shown
    instant = parse_timestamp(sent)
    return sent == shown or (instant is not None and instant == parse_timestamp(shown))
