"""JSON Lines: an object on each line."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from taskapi.errors import FieldError, MalformedJson
from taskapi.import_export.formats import Form, Line, Path
from taskapi.import_export.texts import Text
from taskapi.web.strict_json import parse_text, position_of

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def _head(_names: Sequence[str]) -> str:
    return ""


def _write(tasks: Sequence[Mapping[str, Any]]) -> str:
    return b"".join(orjson.dumps(task, option=OPTIONS) for task in tasks).decode()


def _read(text: Text, _names: Sequence[str]) -> Iterator[Line]:
    for number, piece in enumerate(text, 1):
        fault = text.fault(piece)
        if fault:
            yield Line(number, faults={None: [fault]})
        elif piece.strip():
            yield _parsed(number, piece)


def _parsed(number: int, piece: str) -> Line:
    try:
        return Line(number, parse_text(piece), locate=partial(_column, piece))
    except MalformedJson as error:
        sentence = error.detail.replace("The body", "The line")
        fault = FieldError(sentence, error.code, column=error.details["column"])
        return Line(number, faults={None: [fault]})


def _column(piece: str, path: Path) -> int:
    return position_of(piece, path) + 1


JSONL = Form("application/x-ndjson", _head, _write, _read)
