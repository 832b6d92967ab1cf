"""Pagination of lists: by cursor, offset or page number.

A cursor contains the sort keys of the last row of a page. Following cursors returns a
row exactly once if it matches all the time and its sort keys do not change. A cursor is
signed, and valid only for the same caller, path, filters and sort.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import request
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from marshmallow import ValidationError, fields, validates_schema

from taskapi.db.pagination import PageRequest
from taskapi.errors import FieldError, InvalidCursor
from taskapi.typing import Fields
from taskapi.web.authentication import caller
from taskapi.web.fields import Count, Text
from taskapi.web.query_fields import QueryFlag, QueryInteger
from taskapi.web.schema import Schema
from taskapi.web.settings import settings

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_OFFSET = 10_000
CURSOR_LENGTH = 2000
STARTS = ("cursor", "offset", "page")
PAGE_PARAMETERS = {*STARTS, "limit", "include_total"}


PageResponse = tuple[Fields, dict[str, str]]
"""The body and the headers of a page."""


class PageArguments(Schema):
    """The page parameters of every list; a list adds its filters and `sort`."""

    limit = QueryInteger(
        low=1,
        high=MAX_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "The largest number of items on a page."},
    )
    cursor = Text(
        low=1,
        high=CURSOR_LENGTH,
        metadata={
            "description": "`next_cursor` of the previous page.",
            "examples": ["WzEyM10.c2lnbmVk"],
        },
    )
    offset = QueryInteger(
        low=0,
        high=MAX_OFFSET,
        metadata={
            "description": "The number of items before the page.",
            "examples": [20],
        },
    )
    page = QueryInteger(
        low=1,
        high=MAX_OFFSET,
        metadata={"description": "The number of the page, from 1.", "examples": [2]},
    )
    include_total = QueryFlag(
        load_default=False, metadata={"description": "Count all matches as well."}
    )

    @validates_schema
    def validate_start(self, arguments: Fields, **_: object) -> None:
        """Reject more than one of cursor, offset and page, and pages too far on."""
        starts = [name for name in STARTS if name in arguments]
        if len(starts) > 1:
            error = FieldError("Use one of cursor, offset and page.", "conflict")
            raise ValidationError({name: [error] for name in starts})
        limit = arguments.get("limit", DEFAULT_LIMIT)
        if (arguments.get("page", 1) - 1) * limit > MAX_OFFSET:
            message = f"Rows after {MAX_OFFSET:,} need a cursor. Use cursor."
            raise ValidationError({"page": [FieldError(message, "range")]})


def page_of(schema: type[Schema]) -> type[Schema]:
    """Return the schema of a page of these resources."""
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


def page_request(arguments: Fields) -> PageRequest:
    """Remove the page parameters from a list's arguments; filters and sort remain."""
    chosen = {name: arguments.pop(name) for name in PAGE_PARAMETERS & set(arguments)}
    limit = chosen["limit"]
    offset = chosen.get("offset", (chosen.get("page", 1) - 1) * limit)
    after = _read_cursor(chosen["cursor"]) if "cursor" in chosen else None
    return PageRequest(limit, offset, after, chosen["include_total"])


def page_response(
    rows: Sequence[Any],
    total: int | None,
    page: PageRequest,
    position: Callable[[Any], Any] = attrgetter("position"),
) -> PageResponse:
    """Return the page and its Link header; `rows` has one more if a page follows.

    `position` returns the sort keys of a row, for the cursor.
    """
    items = rows[: page.limit]
    has_more = len(rows) > page.limit
    cursor = _write_cursor(position(items[-1]), items[-1].id) if has_more else None
    body = {"items": items, "next_cursor": cursor, "total": total}
    return body, {"Link": f'<{_next_url(cursor)}>; rel="next"'} if cursor else {}


def _next_url(cursor: str) -> str:
    """Return the URL of the next page, by the parameter that this request used."""
    query: Fields = dict(request.args.lists())
    limit = request.args.get("limit", DEFAULT_LIMIT, int)
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


def _write_cursor(position: object, row_id: int) -> str:
    payload = base64_encode(orjson.dumps([_to_json(position), row_id]))
    return _signer(settings.secret_key).sign(payload).decode()


def _read_cursor(cursor: str) -> tuple[list[Any], int]:
    """Return the sort keys and the id; raises InvalidCursor.

    itsdangerous ignores the unused bits of base64, so the cursor is signed again and
    compared. Thus only one text is valid for each row.
    """
    for key in filter(None, (settings.secret_key, settings.secret_key_previous)):
        signer = _signer(key)
        try:
            payload = signer.unsign(cursor)
        except BadData:
            continue
        if signer.sign(payload).decode() == cursor:
            position, row_id = orjson.loads(base64_decode(payload))
            return _from_json(position), row_id
    raise InvalidCursor


def _signer(key: str) -> Signer:
    """Return the signer of the cursors of this list.

    URLSafeSerializer would also compress them, which takes longer than the signature.
    """
    return Signer(key, salt=_list_identity(), digest_method=hashlib.sha256)


def _list_identity() -> bytes:
    """Return the path, the caller, the filters and the sort of this list."""
    parameters = request.args.items(multi=True)
    filters = sorted(item for item in parameters if item[0] not in PAGE_PARAMETERS)
    return orjson.dumps([request.path.rstrip("/"), caller().id, filters])


def _to_json(value: object) -> object:
    """Mark timestamps, so that they can be distinguished from strings."""
    if isinstance(value, list):
        return list(map(_to_json, value))
    return {"time": value.isoformat()} if isinstance(value, datetime) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_from_json, value))
    return datetime.fromisoformat(value["time"]) if isinstance(value, dict) else value
