"""Read-only members of an update, so that clients can send back what they read.

`Schema.load` returns them separately. Those that equal the resource are ignored;
`version` names the version to update, as If-Match does.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from taskapi.errors import FieldError, Invalid, PreconditionFailed
from taskapi.typing import Fields, Path
from taskapi.web.schema import READ_ONLY, Schema
from taskapi.web.timestamps import parse_timestamp

Versions = frozenset[int] | None
DIFFERENT = FieldError(
    "This field is read-only.", "read-only", "Send it unchanged, or omit it."
)


def check(
    changes: Fields,
    schema: type[Schema],
    read: Callable[[], Any],
    versions: Versions = None,
) -> Versions:
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
