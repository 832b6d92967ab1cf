"""Import, before anything is stored: each line by the rules that HTTP has for tasks."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import ValidationError

from taskapi.errors import FieldError, InvalidLines
from taskapi.import_export.drafts import MAX_FIELD_ERRORS, Draft
from taskapi.import_export.formats import Faults, Form, Line
from taskapi.import_export.shortening import shorten
from taskapi.import_export.texts import Text
from taskapi.web.problems import flatten
from taskapi.web.schema import Schema

UNIQUE = ("id", "external_id")


class Truncated(NamedTuple):
    """A line, and its fields whose text was truncated."""

    line: int
    fields: list[str]


class Intake:
    """What was read of a file so far."""

    def __init__(
        self, schema: Schema, most: int | None = None, *, cut: bool = False
    ) -> None:
        self.schema = schema.for_input()
        self.most = most
        self.cut = cut
        self.number = 0
        self.drafts: defaultdict[str, list[Draft]] = defaultdict(list)
        self.truncated: list[Truncated] = []
        self.seen: dict[tuple[str, str, Any], int] = {}
        self.faults: dict[tuple[Any, ...], list[FieldError]] = {}
        self.bad_lines = 0

    def read(self, text: Text, form: Form) -> dict[str, list[Draft]]:
        """Return the tasks of a file by their owner's name, "" where none is given.

        Raises InvalidLines with the errors of the first thousand bad lines.
        """
        for line in form.read(text, [*self.schema.load_fields]):
            self._take(line)
            if self._has_enough():
                break
        if self.faults:
            raise InvalidLines(self.faults)
        return self.drafts

    def _has_enough(self) -> bool:
        beyond = self.most is not None and self.number > self.most
        return beyond or self.bad_lines == MAX_FIELD_ERRORS

    def _take(self, line: Line) -> None:
        fields, faults = self._checked(line)
        if faults:
            self.bad_lines += 1
            self._note(line, faults)
        elif not self.faults:
            draft = Draft(line.number, fields, line.locate)
            self.drafts[fields.get("owner", "")].append(draft)

    def _note(self, line: Line, faults: Faults) -> None:
        for path, fault in flatten(faults):
            known = fault if isinstance(fault, FieldError) else FieldError(fault)
            placed = known if known.column else known.at(line.locate(path))
            self.faults.setdefault((line.number, *path), []).append(placed)

    def _checked(self, line: Line) -> tuple[dict[str, Any], Faults]:
        self.number += 1
        if line.faults:
            return {}, line.faults
        if self.most is not None and self.number > self.most:
            return {}, {
                None: [FieldError(f"At most {self.most} tasks at once.", "length")]
            }
        if self.cut and (names := shorten(line.fields)):
            self.truncated.append(Truncated(line.number, names))
        try:
            fields = self.schema.load(line.fields)
        except ValidationError as error:
            return {}, error.messages_dict
        return fields, self._repeated(line.number, fields)

    def _repeated(self, number: int, fields: Mapping[str, Any]) -> Faults:
        """Return the errors of what must be unique in the file, for each owner."""
        faults = {}
        for name in UNIQUE:
            value = fields.get(name)
            place = (fields.get("owner", ""), name, value)
            first = self.seen.setdefault(place, number)
            if value is not None and first != number:
                faults[name] = [
                    FieldError(f"Line {first} has this already.", "repeated")
                ]
        return faults
