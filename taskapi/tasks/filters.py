"""Query parameters of tasks.

The conditions of the filters are in `conditions`.
"""

from typing import Any, Unpack

from marshmallow import fields

from taskapi.tasks import models
from taskapi.tasks.fields import external_id, tag
from taskapi.tasks.search import MAX_TERMS, MAX_WORDS, is_too_long, words_of
from taskapi.tasks.sorting import MAX_SORT_KEYS, SORTS
from taskapi.web.field_options import Options, documented
from taskapi.web.fields import Strict, Text
from taskapi.web.pagination import PageArguments
from taskapi.web.query_fields import (
    Choices,
    Ids,
    QueryDateOrTimestamp,
    QueryFlag,
    QueryInteger,
    QueryTimestamp,
    Repeated,
)
from taskapi.web.schema import Schema
from taskapi.web.validators import MAX_ID, OneOf

QUERY_LENGTH = 200
SORT_KEY = f"-?({'|'.join(SORTS)})"


class IdOr(QueryInteger):
    """An id, or one of some words."""

    def __init__(self, *words: str, description: str, low: int = 1) -> None:
        self.words = words
        schemas = [
            {"type": "integer", "format": "int64", "minimum": low},
            {"type": "string", "enum": [*words]},
        ]
        metadata = {"anyOf": schemas, "description": description}
        super().__init__(low=low, high=MAX_ID, metadata=metadata)
        self.error_messages["invalid"] = f"Must be {self._choice('an id')}."

    def hint(self, _value: object) -> str:
        """Return what to send."""
        return f"Send {self._choice('digits')}."

    def _choice(self, first: str) -> str:
        *others, last = first, *(f"`{word}`" for word in self.words)
        return f"{', '.join(others)} or {last}"

    def parse(self, value: object) -> Any:
        """Return the id or the word."""
        return value if value in self.words else super().parse(value)

    def _validate(self, value: object) -> None:
        if value not in self.words:
            super()._validate(value)


def project() -> IdOr:
    """Return a filter for the tasks of one project."""
    text = "Of this project only; `personal` for your own. Without it: all you can see."
    return IdOr("personal", low=0, description=text)


class Search(Text):
    """Words of a search."""

    default_error_messages = {
        "wordless": "Give at least one letter, digit or symbol.",
        "length": f"Give at most {MAX_WORDS} words, and {MAX_TERMS} characters of "
        "scripts without spaces.",
    }

    def parse(self, value: object) -> str:
        """Return the text, which has a word."""
        text = super().parse(value)
        if not words_of(text):
            raise self.make_error("wordless")
        if is_too_long(text):
            raise self.make_error("length")
        return text


class Sort(Strict[str], fields.String):
    """Sort keys of the task list."""

    default_error_messages = {
        "choice": f"Each key must be one of {', '.join(SORTS)}, with `-` before it "
        "for descending order.",
        "length": f"Give at most {MAX_SORT_KEYS} keys.",
    }

    def __init__(self, **options: Unpack[Options]) -> None:
        pattern = f"^{SORT_KEY}(,{SORT_KEY})?$"
        longest = MAX_SORT_KEYS * (max(map(len, SORTS)) + 2) - 1
        super().__init__(**documented(options, pattern=pattern, maxLength=longest))

    def parse(self, value: object) -> str:
        """Return the text of known keys."""
        text = str(value)
        keys = text.split(",")
        if any(key.removeprefix("-") not in SORTS for key in keys):
            raise self.make_error("choice")
        if len(keys) > MAX_SORT_KEYS:
            raise self.make_error("length")
        return text


def _before(changed: str) -> QueryTimestamp:
    text = f"Tasks {changed} before this time."
    return QueryTimestamp(metadata={"description": text})


def _after(changed: str) -> QueryTimestamp:
    text = f"Tasks {changed} at this time or later."
    return QueryTimestamp(metadata={"description": text})


class TaskListArguments(PageArguments):
    """Filters, sort order and page of the task list; a task must match all filters."""

    q = Search(
        low=1,
        high=QUERY_LENGTH,
        metadata={
            "description": f"At most {MAX_WORDS} words; each must begin a word of the "
            "title or description. Case and accents are ignored. In scripts without "
            "spaces any part of the text is found.",
            "examples": ["water plant"],
        },
    )
    status = Choices(
        models.TaskStatus, metadata={"description": "Tasks with one of these statuses."}
    )
    priority = Choices(
        models.TaskPriority,
        metadata={"description": "Tasks with one of these priorities."},
    )
    tag = Repeated(
        tag(),
        most=models.MAX_TAGS,
        metadata={
            "description": "Tasks with this tag. Repeat it for tasks that have all."
        },
    )
    project_id = project()
    assignee_id = IdOr(
        "me",
        "none",
        description="Tasks of this assignee; `me` for you, `none` for unassigned ones.",
    )
    parent_id = IdOr(
        "none", description="Direct subtasks of this task; `none` for the top level."
    )
    due_before = QueryDateOrTimestamp(
        metadata={
            "description": "Tasks due before this time, or before this day.",
            "examples": ["2026-12-24"],
        }
    )
    due_after = QueryDateOrTimestamp(
        metadata={
            "description": "Tasks due at or after this time, or on or after this day.",
            "examples": ["2026-11-30"],
        }
    )
    due = fields.String(
        validate=OneOf(["none"]), metadata={"description": "Tasks without a due date."}
    )
    created_before = _before("created")
    created_after = _after("created")
    updated_before = _before("last changed")
    updated_after = _after("last changed")
    completed_before = _before("completed")
    completed_after = _after("completed")
    overdue = QueryFlag(
        metadata={"description": "Tasks that are overdue, or that are not."}
    )
    external_id = external_id(
        metadata={
            "description": "The task with this key of your own.",
            "examples": ["calendar-17"],
        }
    )
    ids = Ids(
        most=models.MAX_BULK_TASKS,
        metadata={"description": "Tasks with one of these ids."},
    )
    deleted = QueryFlag(
        metadata={
            "description": "List the tasks in the trash instead.",
            "default": False,
        }
    )
    sort = Sort(
        load_default="-created_at",
        metadata={
            "description": "One or two keys, separated by a comma; `-` sorts "
            "descending. The id breaks ties in the direction of the last key; tasks "
            "without the value come last.",
            "examples": ["priority,-due_date"],
            "maxLength": MAX_SORT_KEYS * (len("-,") + max(map(len, SORTS))),
        },
    )


class TagListArguments(PageArguments):
    """Query parameters of the list of tags."""

    project_id = project()


class TaskArguments(Schema):
    """Query parameters of reading a task."""

    expand = fields.String(
        validate=OneOf(["subtasks"]),
        metadata={"description": "Include all descendants of the task."},
    )


class DeleteArguments(Schema):
    """Query parameters of deleting a task."""

    permanent = QueryFlag(
        load_default=False,
        metadata={"description": "Delete the task permanently, also from the trash."},
    )


class BulkArguments(Schema):
    """Query parameters of a bulk request."""

    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "Return the result without changing anything."},
    )
