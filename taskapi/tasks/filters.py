"""The query parameters of tasks."""

from typing import Any

from marshmallow import fields

from taskapi.tasks import models
from taskapi.tasks.folding import runs
from taskapi.tasks.schemas import external_id, tag
from taskapi.tasks.search import (
    MAX_TERMS,
    MAX_WORDS,
    is_too_long,
)
from taskapi.tasks.sorting import MAX_SORT_KEYS, SORTS
from taskapi.web.fields import MAX_ID, Coded, OneOf, Text
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

QUERY_LENGTH = 200
SORT_KEY = f"-?({'|'.join(SORTS)})"


class Parent(QueryInteger):
    """The id of a parent, or `none`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if value == "none":
            return value
        return super()._deserialize(value, *args, **kwargs)

    def _validate(self, value: Any) -> None:
        if value != "none":
            super()._validate(value)


class Search(Text):
    """Words to look for."""

    default_error_messages = {
        "wordless": "There is no letter, digit or symbol in it.",
        "length": f"At most {MAX_WORDS} words, and {MAX_TERMS} characters of scripts "
        "without spaces.",
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if not runs(text):
            raise self.make_error("wordless")
        if is_too_long(text):
            raise self.make_error("length")
        return text


class Sort(Coded, fields.String):
    """The sort keys of a list."""

    default_error_messages = {
        "choice": f"Each key is one of {', '.join(SORTS)}; `-` before it sorts "
        "descending.",
        "length": f"Give at most {MAX_SORT_KEYS} keys.",
    }

    def __init__(self, **options: Any) -> None:
        metadata = {"pattern": f"^{SORT_KEY}(,{SORT_KEY})?$"}
        super().__init__(metadata=metadata | options.pop("metadata", {}), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        keys = text.split(",")
        if any(key.removeprefix("-") not in SORTS for key in keys):
            raise self.make_error("choice")
        if len(keys) > MAX_SORT_KEYS:
            raise self.make_error("length")
        return text


class TaskListArguments(PageArguments):
    """Filters, sort and paging of the list of tasks; filters combine."""

    q = Search(
        low=1,
        high=QUERY_LENGTH,
        metadata={
            "description": f"At most {MAX_WORDS} words: each must begin a word of "
            "title or description. Case and accents are ignored. In scripts without "
            "spaces any part of the text is found.",
            "examples": ["water plant"],
        },
    )
    status = Choices(models.Status, metadata={"description": "One of these."})
    priority = Choices(models.Priority, metadata={"description": "One of these."})
    tag = Repeated(
        tag(),
        most=models.MAX_TAGS,
        metadata={"description": "Has this tag; repeat it for tasks that have all."},
    )
    parent_id = Parent(
        low=1,
        high=MAX_ID,
        metadata={
            "type": ["integer", "string"],
            "pattern": "^none$",
            "maxLength": len("none"),
            "description": "Is a direct subtask of this task, or of `none`.",
        },
    )
    due_before = QueryDateOrTimestamp(
        metadata={"description": "Before this time, or before the start of this day."}
    )
    due_after = QueryDateOrTimestamp(
        metadata={"description": "From this time, or from the start of this day."}
    )
    due = fields.String(
        validate=OneOf(["none"]), metadata={"description": "Without a due date."}
    )
    created_before = QueryTimestamp()
    created_after = QueryTimestamp()
    updated_before = QueryTimestamp()
    updated_after = QueryTimestamp()
    completed_before = QueryTimestamp()
    completed_after = QueryTimestamp()
    overdue = QueryFlag()
    external_id = external_id()
    ids = Ids(most=models.MAX_BULK_TASKS)
    deleted = QueryFlag(
        load_default=False, metadata={"description": "List the trash instead."}
    )
    sort = Sort(
        load_default="-created_at",
        metadata={
            "description": "One or two keys, separated by a comma; `-` sorts "
            "descending. The id breaks ties in the direction of the last key; tasks "
            "without the value come last.",
            "examples": ["priority,-due_date"],
        },
    )


class TaskArguments(Schema):
    """What to read with a task."""

    expand = fields.String(
        validate=OneOf(["subtasks"]),
        metadata={"description": "The tree of all that is below it as well."},
    )


class DeleteArguments(Schema):
    """How to delete a task."""

    permanent = QueryFlag(
        load_default=False,
        metadata={"description": "Delete it for good, also from the trash."},
    )


class BulkArguments(Schema):
    """How to make many changes."""

    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "Tell what would come of it, and change nothing."},
    )
