"""Pages of a list: by cursor, by offset or by number.

A cursor names the last row of a page by its sort keys, so that a walk returns exactly
once each row that matches throughout and whose sort keys do not change. It is signed,
and valid only for the same caller, filters and sort.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import request
from marshmallow import ValidationError, fields, validates_schema

from taskapi.db.pagination import PageRequest
from taskapi.errors import FieldError, InvalidCursor
from taskapi.web.authentication import caller
from taskapi.web.fields import (
    Count,
    QueryFlag,
    QueryInteger,
    Text,
)
from taskapi.web.schema import Schema
from taskapi.web.settings import settings

LIMIT = 20
MAX_LIMIT = 100
MAX_OFFSET = 10_000
CURSOR_LENGTH = 2000
WAYS = ("cursor", "offset", "page")
PAGING = {*WAYS, "limit", "include_total"}
SIGNED_BYTES = 16


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
            fault = FieldError("Use one of cursor, offset and page.", "conflict")
            raise ValidationError({way: [fault] for way in ways})
        if (arguments.get("page", 1) - 1) * arguments.get("limit", LIMIT) > MAX_OFFSET:
            raise ValidationError(
                {"page": [FieldError("Too deep; use cursor.", "range")]}
            )


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


def window(arguments: dict[str, Any]) -> PageRequest:
    """Take the paging parameters out of a list's arguments; filters and sort remain."""
    chosen = {name: arguments.pop(name) for name in PAGING & set(arguments)}
    limit = chosen["limit"]
    offset = chosen.get("offset", (chosen.get("page", 1) - 1) * limit)
    after = _read(chosen["cursor"]) if "cursor" in chosen else None
    return PageRequest(limit, offset, after, chosen["include_total"])


def answer(
    rows: Sequence[Any],
    total: int | None,
    shown: PageRequest,
    position: Callable[[Any], Any] = attrgetter("position"),
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the envelope and the Link header; the rows may be one over the limit.

    `position` returns the values by which a row is sorted, for the cursor.
    """
    items = rows[: shown.limit]
    more = len(rows) > shown.limit
    cursor = _write(position(items[-1]), items[-1].id) if more else None
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


def _write(position: Any, row_id: int) -> str:
    place = orjson.dumps([_packed(position), row_id])
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
    position, row_id = orjson.loads(place)
    return _unpacked(position), row_id


def _packed(value: Any) -> Any:
    """Return a value in JSON, in which a timestamp differs from text."""
    if isinstance(value, list):
        return list(map(_packed, value))
    return {"time": value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_unpacked, value))
    return datetime.fromisoformat(value["time"]) if isinstance(value, dict) else value


def _signature(key: bytes, place: bytes) -> bytes:
    """Sign a place in the list of this request, and no other."""
    return hmac.digest(key, _list_name() + place, "sha256")[:SIGNED_BYTES]


def _keys() -> list[bytes]:
    return _derived(settings.secret_key, settings.secret_key_previous)


@lru_cache(maxsize=4)
def _derived(*secrets: str) -> list[bytes]:
    return [
        hmac.digest(s.encode(), b"cursor of values", "sha256") for s in secrets if s
    ]


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
