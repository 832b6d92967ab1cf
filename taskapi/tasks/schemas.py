"""Tasks in JSON, and the parameters of their list."""

from typing import Any

from marshmallow import fields

from taskapi.tasks import models
from taskapi.tasks.queries import SORTS
from taskapi.web.fields import (
    Choice,
    Choices,
    Ids,
    Integer,
    Moment,
    MomentOrDay,
    OneOf,
    QueryFlag,
    QueryMoment,
    Text,
)
from taskapi.web.pages import PageArguments, page_of
from taskapi.web.schema import Schema

CONTROL = r"\u0000-\u001F\u007F-\u009F"
SOMETHING = rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"


class DueDate(MomentOrDay):
    """A due date, which comes back in the form in which it was given."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:
        if value is not None and obj.due_is_day:
            return value.date().isoformat()
        return super()._serialize(value, attr, obj)

    def get_value(self, obj: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Read the moment that stands for it."""
        return obj.due_at


class TaskSchema(Schema):
    """A task."""

    id = Integer(dump_only=True, low=1)
    owner_id = Integer(dump_only=True, low=1)
    title = Text(low=1, high=models.TITLE_LENGTH, required=True, pattern=SOMETHING)
    description = Text(
        high=models.DESCRIPTION_LENGTH, lines=True, trim=False, allow_none=True
    )
    status = Choice(models.Status, metadata={"default": models.Status.TODO})
    priority = Choice(models.Priority, metadata={"default": models.Priority.MEDIUM})
    due_date = DueDate(
        allow_none=True,
        metadata={
            "description": "A day or a moment; comes back as it was given, "
            "moments in UTC.",
            "examples": ["2026-12-24", "2026-12-24T18:00:00Z"],
        },
    )
    is_overdue = fields.Boolean(
        dump_only=True,
        metadata={
            "description": "Open, and due before now; a bare day is over when it is "
            "over in your time zone."
        },
    )
    completed_at = Moment(dump_only=True, allow_none=True)
    version = Integer(dump_only=True, low=1)
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)


TaskPageSchema = page_of(TaskSchema)


class TaskListArguments(PageArguments):
    """Filters, sort and paging of the list of tasks; filters combine."""

    status = Choices(models.Status, metadata={"description": "One of these."})
    priority = Choices(models.Priority, metadata={"description": "One of these."})
    due_before = QueryMoment()
    due_after = QueryMoment(metadata={"description": "At this moment or later."})
    created_before = QueryMoment()
    created_after = QueryMoment()
    updated_before = QueryMoment()
    updated_after = QueryMoment()
    completed_before = QueryMoment()
    completed_after = QueryMoment()
    overdue = QueryFlag()
    ids = Ids(most=100)
    sort = fields.String(
        load_default="-created_at",
        validate=OneOf([f"{sign}{name}" for name in SORTS for sign in ("", "-")]),
        metadata={
            "description": "`-` sorts descending. The id breaks ties; tasks without "
            "a due date come last."
        },
    )
