"""JSON Lines: an object on each line, in UTF-8."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from taskapi.errors import Fault, MalformedJson
from taskapi.porting.lines import LONGEST, Form, Line, Source, is_long, split
from taskapi.web.strict_json import parse_json

LONG = Fault(f"The line is longer than {LONGEST // 1024} KiB.", "length")
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def _head(_names: Sequence[str]) -> str:
    return ""


def _write(tasks: Sequence[Mapping[str, Any]]) -> str:
    return b"".join(orjson.dumps(task, option=OPTIONS) for task in tasks).decode()


def _read(source: Source, _names: Sequence[str]) -> Iterator[Line]:
    for number, piece in enumerate(split(source), 1):
        if is_long(piece):
            yield Line(number, faults={None: [LONG]})
        elif piece.strip():
            yield _parsed(number, piece)


def _parsed(number: int, piece: bytes) -> Line:
    try:
        return Line(number, parse_json(piece))
    except MalformedJson as error:
        sentence = error.detail.replace("The body", "The line")
        return Line(number, faults={None: [Fault(sentence, error.code)]})


JSONL = Form("application/x-ndjson", _head, _write, _read)
