"""Strict JSON (RFC 8259, RFC 7493); errors have a line and a column."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from taskapi.errors import MalformedJson
from taskapi.typing import JsonObject, Path

MAX_DEPTH = 32
MAX_DIGITS = 20
MAX_VALUES = 10_000
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
TRAILING_COMMA = re.compile(r",\s*[]}]")
NAME = re.compile(r"\w+\s*:")
PUNCTUATION = {"]", "}", ",", ":"}
CONSTANTS = {"NaN", "Infinity", "-Infinity"}


class Token(NamedTuple):
    """A name or the beginning of a value: its path, position and text."""

    path: Path
    position: int
    text: str
    is_name: bool = False


def parse_json(body: bytes) -> Any:
    """Parse one JSON document; raises MalformedJson with `line` and `column`.

    Duplicate names, NaN, Infinity, numbers of more than 20 digits, more than 32 levels,
    more than 10,000 values and text after the document are rejected.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        valid = body[: error.start].decode()
        raise _malformed("The body is not UTF-8.", valid, len(valid)) from error
    return parse_text(text)


def parse_text(text: str) -> Any:
    """Parse one decoded JSON document by the same rules."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique_names,
            parse_constant=_reject_constant,
            parse_int=lambda digits: int(_short(digits)),
            parse_float=lambda digits: float(_short(digits)),
        )
        size = _size(document, MAX_DEPTH)
    except json.JSONDecodeError as error:
        raise _malformed(_reason(text, error.pos), text, error.pos) from error
    except (ValueError, RecursionError) as error:
        raise _explain(text) from error
    if size > MAX_VALUES:
        raise _explain(text)
    return document


def canonical(body: bytes) -> bytes:
    """Return the canonical form of a JSON document; other text is not changed."""
    try:
        document = parse_json(body)
    except MalformedJson:
        return body
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def tokens(text: str) -> Iterator[Token]:
    """Yield the names and values of a document in order, as far as it is valid."""
    walk = _Walk()
    for match in TOKEN.finditer(text):
        if match[0] in PUNCTUATION:
            walk.follow(match[0])
        else:
            is_name = walk.expects_name
            if is_name:
                walk.name(match[0])
            yield Token(tuple(walk.path), match.start(), match[0], is_name)
            walk.enter(match[0])


class _Walk:
    """The path of the current value while a document is read."""

    def __init__(self) -> None:
        self.path: list[str | int] = []
        self.expects_name = False

    def follow(self, mark: str) -> None:
        """Leave a container, or move to its next value."""
        if mark in "]}":
            self.path.pop()
            self.expects_name = False
        elif mark == "," and isinstance(self.path[-1], int):
            self.path[-1] += 1
        elif mark == ",":
            self.expects_name = True

    def name(self, text: str) -> None:
        """Store the name of the next value."""
        self.path[-1] = json.loads(text)
        self.expects_name = False

    def enter(self, text: str) -> None:
        """Enter the value if it is a container."""
        if text in "[{":
            self.path.append("" if text == "{" else 0)
            self.expects_name = text == "{"


def position_of(text: str, path: tuple[str, ...]) -> int:
    """Return the position of the value at a path, or of the nearest one around it."""
    found = {t.path: t.position for t in tokens(text) if not t.is_name}
    by_steps = {tuple(map(str, own)): position for own, position in found.items()}
    while path not in by_steps and path:
        path = path[:-1]
    return by_steps.get(path, 0)


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Return the line and the column of a position, counted from 1."""
    line = text.count("\n", 0, position) + 1
    return line, position - text.rfind("\n", 0, position)


def _malformed(message: str, text: str, position: int) -> MalformedJson:
    line, column = line_and_column(text, position)
    return MalformedJson(message, line=line, column=column)


def _reason(text: str, position: int) -> str:
    """Return the message of a syntax error, with the correction of usual mistakes."""
    if not text.strip():
        return "The body is empty. Send a JSON document."
    before, after = text[:position].rstrip(), text[position:].lstrip()
    comma = before[-1:] + after  # from Python 3.13 the position is that of the comma
    if TRAILING_COMMA.match(comma) or TRAILING_COMMA.match(after):
        return "The body is not valid JSON. Remove the comma before the bracket."
    if after[:1] == "'" or (before[-1:] in {"{", ","} and NAME.match(after)):
        return "The body is not valid JSON. Names and strings need double quotes."
    return "The body is not valid JSON."


def _explain(text: str) -> MalformedJson:
    """Return the error of the first value that JSON allows but this service rejects.

    Only called for such documents, since the hooks of the parser get no positions.
    """
    names: set[Path] = set()
    number = 0
    for token in tokens(text):
        number += not token.is_name
        message = _error_of(token, names, number)
        if message:
            return _malformed(message, text, token.position)
        if token.is_name:
            names.add(token.path)
    return _malformed("The body is not valid JSON.", text, 0)


def _error_of(token: Token, names: set[Path], number: int) -> str | None:
    if token.is_name:
        repeated = token.path in names
        return "The body names a member of an object twice." if repeated else None
    if token.text in "[{" and len(token.path) >= MAX_DEPTH:
        return f"The body is nested more than {MAX_DEPTH} deep."
    if number > MAX_VALUES:
        return f"The body holds more than {MAX_VALUES} values."
    return _number_error(token.text)


def _number_error(text: str) -> str | None:
    if text in CONSTANTS:
        return f"{text} is not a JSON number."
    if text[0] != '"' and _digits(text) > MAX_DIGITS:
        return f"The body has a number of more than {MAX_DIGITS} digits."
    return None


def _unique_names(pairs: list[tuple[str, object]]) -> JsonObject:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("duplicate name")
    return document


def _short(text: str) -> str:
    if _digits(text) > MAX_DIGITS:
        raise ValueError("too many digits")
    return text


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _size(value: object, levels: int) -> int:
    """Return the number of values; a hundred tasks with all fields stay below it.

    Raises ValueError if containers are nested deeper than a number of levels.
    """
    if not isinstance(value, dict | list):
        return 1
    if levels == 0:
        raise ValueError("too deep")
    size = 1
    for item in value.values() if isinstance(value, dict) else value:
        size += _size(item, levels - 1)
    return size
