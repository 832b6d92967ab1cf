"""The bodies of export and import in the OpenAPI document.

They are strings, and a form with a file: generators of clients and documentation pages
handle these, and take an object under another media type than JSON for one document.
"""

from typing import Any

from taskapi.web.fields import MAX_SHORT
from taskapi.web.receiving import MAX_BYTES

JSONL_TYPE, CSV_TYPE = "application/x-ndjson", "text/csv"
JSONL_EXAMPLE = '{"id": 1, "title": "Water the plants", "tags": ["garden"]}\n'
CSV_EXAMPLE = "id,title,tags\r\n1,Water the plants,garden\r\n"


def _text(about: str, form: str, high: int) -> dict[str, Any]:
    return {"type": "string", "format": form, "maxLength": high, "description": about}


LINES: dict[str, Any] = {
    "schema": _text("A task on each line, as JSON.", "jsonl", MAX_SHORT),
    "content_type": JSONL_TYPE,
    "example": JSONL_EXAMPLE,
}
TABLE: dict[str, Any] = {
    "schema": _text("A task in each row.", "csv", MAX_SHORT),
    "content_type": CSV_TYPE,
    "example": CSV_EXAMPLE,
}
FILE: dict[str, Any] = {
    "required": True,
    "content": {
        JSONL_TYPE: {
            "schema": _text("A task on each line, as JSON.", "jsonl", MAX_BYTES),
            "example": JSONL_EXAMPLE,
        },
        CSV_TYPE: {
            "schema": _text("A task in each row.", "csv", MAX_BYTES),
            "example": CSV_EXAMPLE,
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "contentMediaType": "application/octet-stream",
                        "maxLength": MAX_BYTES,
                        "description": "JSON Lines or CSV, by its type or name.",
                    }
                },
            },
            "example": {"file": CSV_EXAMPLE},
            "encoding": {"file": {"contentType": f"{CSV_TYPE}, {JSONL_TYPE}"}},
        },
    },
}
