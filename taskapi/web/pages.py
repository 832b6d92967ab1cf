"""Pages of a list: by cursor, by offset or by number.

A cursor names the last row that was seen, so that a walk meets each row that was there
throughout exactly once, whatever comes and goes meanwhile. It is signed, and good only
for the same caller, filters and sort.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson
from flask import request
from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import Fault, InvalidCursor
from taskapi.paging import Window
from taskapi.web.fields import (
    Count,
    QueryFlag,
    QueryInteger,
    Text,
)
from taskapi.web.identity import caller
from taskapi.web.moments import parse_moment, rfc3339
from taskapi.web.schema import Schema
from taskapi.web.settings import settings

LIMIT = 20
MAX_LIMIT = 100
MAX_OFFSET = 10_000
CURSOR_LENGTH = 2000
WAYS = ("cursor", "offset", "page")
PAGING = {*WAYS, "limit", "include_total"}
SIGNED_BYTES = 16


class Positioned(Protocol):
    """A row of a list: `position` is its value of what the list is sorted by."""

    id: int
    position: Any


class PageArguments(Schema):
    """The paging parameters of every list; a list adds its filters and `sort`."""

    limit = QueryInteger(low=1, high=MAX_LIMIT, load_default=LIMIT)
    cursor = Text(
        low=1,
        high=CURSOR_LENGTH,
        metadata={"description": "`next_cursor` of the page before this one."},
    )
    offset = QueryInteger(low=0, high=MAX_OFFSET)
    page = QueryInteger(
        low=1, high=MAX_OFFSET, metadata={"description": "Number of the page, from 1."}
    )
    include_total = QueryFlag(
        load_default=False, metadata={"description": "Count all matches as well."}
    )

    @validates_schema
    def has_one_way(self, arguments: dict[str, Any], **_: Any) -> None:
        """Refuse two ways of paging at once, and pages that lie too deep."""
        ways = [way for way in WAYS if way in arguments]
        if len(ways) > 1:
            fault = Fault("Use one of cursor, offset and page.", "conflict")
            raise ValidationError({way: [fault] for way in ways})
        if (arguments.get("page", 1) - 1) * arguments.get("limit", LIMIT) > MAX_OFFSET:
            raise ValidationError({"page": [Fault("Too deep; use cursor.", "range")]})


def page_of(schema: type[Schema]) -> type[Schema]:
    """Return the schema of a page of these."""
    members = {
        "items": fields.List(fields.Nested(schema), metadata={"maxItems": MAX_LIMIT}),
        "next_cursor": Text(
            high=CURSOR_LENGTH,
            allow_none=True,
            metadata={"description": "null on the last page."},
        ),
        "total": Count(
            allow_none=True,
            metadata={"description": "null unless `include_total=true`."},
        ),
    }
    return type(schema.__name__.replace("Schema", "PageSchema"), (Schema,), members)


def window(arguments: dict[str, Any]) -> Window:
    """Take the paging parameters out of a list's arguments; filters and sort remain."""
    chosen = {name: arguments.pop(name) for name in PAGING & set(arguments)}
    limit = chosen["limit"]
    offset = chosen.get("offset", (chosen.get("page", 1) - 1) * limit)
    after = _read(chosen["cursor"]) if "cursor" in chosen else None
    return Window(limit, offset, after, chosen["include_total"])


def answer(
    rows: Sequence[Positioned], total: int | None, shown: Window
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the envelope and the Link header; the rows may be one over the limit."""
    items = rows[: shown.limit]
    more = len(rows) > shown.limit
    cursor = _write(items[-1]) if more else None
    page = {"items": items, "next_cursor": cursor, "total": total}
    return page, {"Link": f'<{_next(cursor)}>; rel="next"'} if cursor else {}


def _next(cursor: str) -> str:
    """Return the address of the next page, by the way in which this one was asked."""
    query: dict[str, Any] = request.args.to_dict(flat=False)
    limit = request.args.get("limit", LIMIT, int)
    page = request.args.get("page", MAX_OFFSET, int)
    offset = request.args.get("offset", MAX_OFFSET, int) + limit
    if page < MAX_OFFSET and page * limit <= MAX_OFFSET:
        query["page"] = page + 1
    elif offset <= MAX_OFFSET:
        query["offset"] = offset
    else:
        query = {k: v for k, v in query.items() if k not in {"offset", "page"}}
        query["cursor"] = cursor
    return f"{request.path}?{urlencode(query, doseq=True)}"


def _write(row: Positioned) -> str:
    at = row.position
    moment = rfc3339(at) if isinstance(at, datetime) else None
    place = orjson.dumps([moment, None if moment else at, row.id])
    return f"{_text(place)}.{_text(_signature(_keys()[0], place))}"


def _read(cursor: str) -> tuple[Any, int]:
    try:
        place, signature = map(_bytes, cursor.split("."))
    except ValueError as error:
        raise InvalidCursor from error
    if not any(
        hmac.compare_digest(_signature(key, place), signature) for key in _keys()
    ):
        raise InvalidCursor
    moment, value, row_id = orjson.loads(place)
    return parse_moment(moment) if moment else value, row_id


def _signature(key: bytes, place: bytes) -> bytes:
    """Sign a place in the list of this request, and no other."""
    return hmac.digest(key, _list_name() + place, "sha256")[:SIGNED_BYTES]


def _keys() -> list[bytes]:
    return _derived(settings.secret_key, settings.secret_key_previous)


@lru_cache(maxsize=4)
def _derived(*secrets: str) -> list[bytes]:
    return [hmac.digest(s.encode(), b"cursor", "sha256") for s in secrets if s]


def _text(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def _bytes(part: str) -> bytes:
    """Read a part, and refuse all spellings but ours."""
    read = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if _text(read) != part:
        raise ValueError
    return read


def _list_name() -> bytes:
    """Tell this list from others: its path, its caller, its filters and its sort."""
    every = request.args.items(multi=True)
    given = sorted(item for item in every if item[0] not in PAGING)
    return orjson.dumps([request.path.rstrip("/"), caller().id, given])
