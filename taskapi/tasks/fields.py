"""Fields of tasks: due dates, tags, progress and external ids."""

from datetime import datetime
from typing import Any, Unpack

from marshmallow import fields

from taskapi.tasks import models, tags
from taskapi.tasks.models import ShownTaskRow
from taskapi.web.field_options import Component, Options, documented
from taskapi.web.fields import DateOrTimestamp, Derived, Several, Text

CONTROL = r"\u0000-\u001F\u007F-\u009F"
SOMETHING = rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"
COMMA = r",\uFE10\uFE50\uFF0C"
TAG = rf"^[^{COMMA}{CONTROL}]*[^{COMMA}\s{CONTROL}][^{COMMA}{CONTROL}]*$"

TAG_NAME = Component(
    "TagName",
    "A tag: one line without a comma. It is compared without case and accents.",
)


class DueDate(Derived[ShownTaskRow], DateOrTimestamp):
    """Due date, returned as a date or a timestamp, as it was given."""

    def derive(self, row: ShownTaskRow) -> str | datetime | None:
        """Return a date without time as text, a timestamp as it is."""
        due = row.due_at
        return due.date().isoformat() if due and row.due_is_day else due


class Tags(Derived[ShownTaskRow], Several):
    """Tags of a task: a set, returned in the order of their code points."""

    def derive(self, row: ShownTaskRow) -> list[str]:
        """Split the names, which the query has joined."""
        return sorted(row.tags.split(",")) if row.tags else []

    def _deserialize(self, *args: Any, **kwargs: Any) -> list[object]:
        names: dict[str, str] = {}
        for name in map(str, super()._deserialize(*args, **kwargs)):
            names.setdefault(tags.key_of(name), name)
        return [*sorted(names.values())]


class Progress(Derived[ShownTaskRow], fields.Float):
    """Share of the direct subtasks that are completed."""

    def derive(self, row: ShownTaskRow) -> float:
        """Return 0 or 1 for a task without subtasks."""
        if row.subtask_count:
            return float(row.done_count / row.subtask_count)
        return float(row.status == models.TaskStatus.COMPLETED)


def tag(**options: Unpack[Options]) -> Text:
    """Return a field for a tag, which keeps case and accents."""
    options = documented(options, examples=["garden"], component=TAG_NAME)
    high = models.TAG_LENGTH
    return Text(
        low=1,
        high=high,
        clean=_single_spaces,
        pattern=TAG,
        rule=f"Must have 1 to {high} characters without commas.",
        **options,
    )


def external_id(**options: Unpack[Options]) -> Text:
    """Return a field for the key that a client gives a task."""
    return Text(low=1, high=models.EXTERNAL_ID_LENGTH, pattern=SOMETHING, **options)


def _single_spaces(text: str) -> str:
    return " ".join(text.split())
