"""File formats by name, media type and file name extension; JSON Lines."""

from collections.abc import Iterator, Sequence
from functools import partial

import orjson

from taskapi.errors import FieldError, MalformedJson
from taskapi.import_export.csv_format import CSV
from taskapi.import_export.lines import Format, ParsedLine, SchemaFields, TextLines
from taskapi.typing import Fields, Path
from taskapi.web.strict_json import parse_text, position_of

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def _header(_names: Sequence[str]) -> str:
    return ""


def _write(tasks: Sequence[Fields]) -> str:
    return b"".join(orjson.dumps(task, option=OPTIONS) for task in tasks).decode()


def _parse(text: TextLines, _fields: SchemaFields) -> Iterator[ParsedLine]:
    for number, line in enumerate(text, 1):
        error = text.error_in(line)
        if error:
            yield ParsedLine(number, errors={None: [error]})
        elif line.strip():
            yield _parse_line(number, line)


def _parse_line(number: int, line: str) -> ParsedLine:
    try:
        return ParsedLine(number, parse_text(line), locate=partial(_column, line))
    except MalformedJson as problem:
        message = problem.detail.replace("The body", "The line")
        error = FieldError(message, problem.code, column=problem.details["column"])
        return ParsedLine(number, errors={None: [error]})


def _column(line: str, path: Path) -> int:
    return position_of(line, tuple(map(str, path))) + 1


JSONL = Format("application/x-ndjson", _header, _write, _parse)

FORMATS = {"jsonl": JSONL, "csv": CSV}
NAMES_BY_MEDIA_TYPE = {
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/csv": "csv",
}
BY_MEDIA_TYPE = {
    media_type: FORMATS[name] for media_type, name in NAMES_BY_MEDIA_TYPE.items()
}
BY_EXTENSION = {".csv": CSV, ".tsv": CSV, ".jsonl": JSONL, ".ndjson": JSONL}
