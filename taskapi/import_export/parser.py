"""Validation of import files, line by line, with the rules of the task schema."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from marshmallow import ValidationError

from taskapi.errors import FieldError, InvalidLines
from taskapi.import_export.lines import (
    Format,
    LineErrors,
    ParsedLine,
    ParsedTask,
    TextLines,
)
from taskapi.tasks.models import DESCRIPTION_LENGTH, TAG_LENGTH, TITLE_LENGTH
from taskapi.typing import Fields, Path
from taskapi.web.problems import flatten
from taskapi.web.schema import Schema

MAX_INVALID_LINES = 1_000
"""The first invalid lines of a file, which an error lists."""

UNIQUE_FIELDS = ("id", "external_id")
LINE_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")


class TruncatedLine(NamedTuple):
    """A line, and the names of its fields whose text was truncated."""

    line: int
    fields: list[str]


class TaskParser:
    """The tasks that were read from a file, and the errors in it."""

    def __init__(
        self, schema: Schema, max_tasks: int | None = None, *, truncate: bool = False
    ) -> None:
        self.schema = schema.for_input()
        self.max_tasks = max_tasks
        self.truncate = truncate
        self.task_count = 0
        self.tasks: defaultdict[str, list[ParsedTask]] = defaultdict(list)
        self.truncated: list[TruncatedLine] = []
        self.first_lines: dict[tuple[object, str, object], int] = {}
        self.errors: dict[Path, list[FieldError]] = {}
        self.invalid_lines = 0

    def parse(
        self, text: TextLines, file_format: Format
    ) -> dict[str, list[ParsedTask]]:
        """Return the tasks of a file by login of their owner, or "" without owners.

        Raises InvalidLines with the errors of the first thousand invalid lines.
        """
        for line in file_format.parse(text, self.schema.load_fields):
            self._add(line)
            if self._exceeds_max_tasks() or self.invalid_lines == MAX_INVALID_LINES:
                break
        if self.errors:
            raise InvalidLines(self.errors)
        return self.tasks

    def _exceeds_max_tasks(self) -> bool:
        return self.max_tasks is not None and self.task_count > self.max_tasks

    def _add(self, line: ParsedLine) -> None:
        fields, errors = self._validate(line)
        if errors:
            self.invalid_lines += 1
            self._add_errors(line, errors)
        elif not self.errors:  # an invalid file is not imported: save the memory
            task = ParsedTask(line.number, fields, line.locate)
            self.tasks[fields.get("owner", "")].append(task)

    def _add_errors(self, line: ParsedLine, errors: LineErrors) -> None:
        for path, error in flatten(errors):
            known = error if isinstance(error, FieldError) else FieldError(error)
            located = known if known.column else known.at(line.locate(path))
            self.errors.setdefault((line.number, *path), []).append(located)

    def _validate(self, line: ParsedLine) -> tuple[Fields, LineErrors]:
        self.task_count += 1
        if line.errors:
            return {}, line.errors
        if self._exceeds_max_tasks():
            message = f"A file can have at most {self.max_tasks} tasks."
            return {}, {None: [FieldError(message, "length")]}
        if self.truncate and (names := truncate_texts(line.values)):
            self.truncated.append(TruncatedLine(line.number, names))
        try:
            fields = self.schema.load(line.values)
        except ValidationError as error:
            return {}, error.messages_dict
        return fields, self._duplicates(line.number, fields)

    def _duplicates(self, number: int, fields: Fields) -> LineErrors:
        """Return errors for ids that an earlier line of the same owner has."""
        errors = {}
        for name in UNIQUE_FIELDS:
            value = fields.get(name)
            key = (fields.get("owner"), name, value)
            first = self.first_lines.setdefault(key, number)
            if value is not None and first != number:
                message = f"Line {first} has the same value."
                errors[name] = [FieldError(message, "repeated")]
        return errors


def truncate_texts(values: object) -> list[str]:
    """Truncate the texts of a line in place; return the names of changed fields.

    Line breaks in a title become spaces. An external id identifies a task, so it is
    never truncated.
    """
    if not isinstance(values, dict):
        return []
    changed = []
    for name, truncate in TRUNCATED_FIELDS.items():
        value = values.get(name)
        shortened = truncate(value)
        if shortened != value:
            values[name] = shortened
            changed.append(name)
    return changed


def _truncate_title(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    shortened = LINE_BREAKS.sub(" ", text)[:TITLE_LENGTH].strip()
    return value if text == shortened else shortened


def _truncate_description(value: object) -> object:
    return value[:DESCRIPTION_LENGTH] if isinstance(value, str) else value


def _truncate_tags(value: object) -> object:
    return list(map(_truncate_tag, value)) if isinstance(value, list) else value


def _truncate_tag(value: object) -> object:
    is_too_long = isinstance(value, str) and len(value.strip()) > TAG_LENGTH
    return str(value).strip()[:TAG_LENGTH] if is_too_long else value


TRUNCATED_FIELDS: dict[str, Callable[[object], object]] = {
    "title": _truncate_title,
    "description": _truncate_description,
    "tags": _truncate_tags,
}
