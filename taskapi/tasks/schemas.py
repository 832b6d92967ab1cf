"""Tasks in JSON."""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import fields

from taskapi.tasks import models, tags
from taskapi.web.fields import (
    Choice,
    Count,
    DateOrTimestamp,
    Derived,
    Integer,
    Length,
    Nested,
    Several,
    Text,
    Timestamp,
)
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema

CONTROL = r"\u0000-\u001F\u007F-\u009F"
SOMETHING = rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"
COMMA = r",\uFE10\uFE50\uFF0C"
TAG = rf"^[^{COMMA}{CONTROL}]*[^{COMMA}\s{CONTROL}][^{COMMA}{CONTROL}]*$"


class DueDate(Derived, DateOrTimestamp):
    """A due date, which comes back in the form in which it was given."""

    def derive(self, obj: Any) -> Any:
        """Return the day, or the moment."""
        due = obj.due_at
        return due.date().isoformat() if due and obj.due_is_day else due


class Tags(Derived, Several):
    """The tags of a task: a set, returned in the order of their code points."""

    def derive(self, obj: Any) -> list[str]:
        """Take apart what a query has joined."""
        return tags.listed(obj.tags)

    def _deserialize(self, *args: Any, **kwargs: Any) -> list[Any]:
        names: dict[str, str] = {}
        for name in super()._deserialize(*args, **kwargs):
            names.setdefault(tags.key_of(name), name)
        return sorted(names.values())


class Progress(Derived, fields.Float):
    """The share of the direct subtasks that are completed."""

    def derive(self, obj: Any) -> float:
        """Count the task itself where it has no subtasks."""
        if obj.subtask_count:
            return float(obj.done_count / obj.subtask_count)
        return float(obj.status == models.Status.COMPLETED)


def tag(**options: Any) -> Text:
    """Return a field for a tag, which keeps its spelling."""
    high = models.TAG_LENGTH
    about = {"examples": ["garden"]} | options.pop("metadata", {})
    return Text(
        low=1, high=high, clean=_single_spaces, pattern=TAG, metadata=about, **options
    )


def external_id(**options: Any) -> Text:
    """Return a field for the caller's own key of a task."""
    return Text(low=1, high=models.EXTERNAL_ID_LENGTH, pattern=SOMETHING, **options)


def subtasks() -> Several:
    """Return the field of what hangs below a new task."""
    return Several(
        Nested(lambda: SubtaskSchema().for_input()),
        data_key="subtasks",
        attribute="subtasks",
        load_only=True,
        validate=Length(max=models.MAX_SUBTASKS),
        metadata={"description": "At most 100 in all, on at most 10 levels."},
    )


def _single_spaces(text: str) -> str:
    return " ".join(text.split())


class TaskSchema(Schema):
    """A task."""

    example: ClassVar[dict[str, Any]] = {"status": "completed", "tags": ["garden"]}

    id = Integer(dump_only=True, low=1)
    owner_id = Integer(dump_only=True, low=1)
    parent_id = Integer(
        low=1, allow_none=True, metadata={"description": "The task that it is part of."}
    )
    external_id = external_id(
        allow_none=True,
        metadata={"description": "Your own key, for imports and offline clients."},
    )
    title = Text(
        low=1,
        high=models.TITLE_LENGTH,
        required=True,
        pattern=SOMETHING,
        metadata={"examples": ["Water the plants"]},
    )
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
            "examples": ["2036-12-24", "2036-12-24T18:00:00Z"],
        },
    )
    tags = Tags(
        tag(),
        validate=Length(max=models.MAX_TAGS),
        metadata={
            "description": "Compared like search words, and returned as you first "
            "wrote them.",
            "default": [],
            "examples": [["garden"]],
        },
    )
    is_overdue = fields.Boolean(
        dump_only=True,
        metadata={
            "description": "Open and past its due date; a date has passed when the "
            "next day begins in the time zone of your account.",
            "examples": [False],
        },
    )
    progress = Progress(
        dump_only=True,
        metadata={
            "description": "The share of its subtasks that are completed; without "
            "subtasks 1 when it is completed itself.",
            "minimum": 0,
            "maximum": 1,
            "examples": [0],
        },
    )
    subtask_count = Count(dump_only=True, metadata={"examples": [0]})
    completed_at = Timestamp(dump_only=True, allow_none=True)
    deleted_at = Timestamp(
        dump_only=True,
        allow_none=True,
        metadata={"description": "When it went to the trash."},
    )
    version = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class SubtaskSchema(TaskSchema):
    """A new task below another new one."""

    example: ClassVar[dict[str, Any]] = {"title": "Mend the hose"}

    class Meta(TaskSchema.Meta):
        exclude = ("parent_id",)

    new_subtasks = subtasks()


class TaskTreeSchema(TaskSchema):
    """A task, perhaps with the tree of what is below it."""

    input_name = "TaskCreate"
    optional: ClassVar[set[str]] = {"subtasks"}
    example: ClassVar[dict[str, Any]] = {
        "title": "Water the plants",
        "priority": "high",
        "due_date": "2036-12-24",
        "tags": ["garden"],
        "subtasks": [{"title": "Mend the hose"}],
    }

    new_subtasks = subtasks()
    subtasks = fields.List(
        Nested("TaskTreeSchema"),
        dump_only=True,
        metadata={
            "description": "Only where it is asked for or was just made.",
            "maxItems": models.MAX_EXPANDED_TASKS,
        },
    )


TaskPageSchema = page_of(TaskSchema)


class BulkTaskUpdateSchema(TaskSchema):
    """A change of one of several tasks."""

    input_name = "BulkTaskUpdate"
    example: ClassVar[dict[str, Any]] = {"id": 1, "if_version": 2, "priority": "low"}

    id = Integer(required=True, low=1)
    if_version = Integer(
        low=1, metadata={"description": "Change it only if this is its version."}
    )


class BulkRequestSchema(Schema):
    """Changes of 1 to 100 tasks in all, each task named once."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 1}
    example: ClassVar[dict[str, Any]] = {
        "create": [{"title": "Sow", "tags": ["garden"]}, {"title": "Dig"}]
    }

    create = Several(
        Nested(lambda: TaskTreeSchema().for_input()),
        validate=Length(max=models.MAX_BULK_TASKS),
    )
    update = Several(
        Nested(lambda: BulkTaskUpdateSchema(partial=("title",)).for_input()),
        validate=Length(max=models.MAX_BULK_TASKS),
    )
    delete = Several(Integer(low=1), validate=Length(max=models.MAX_BULK_TASKS))


class BulkResultSchema(Schema):
    """What came of the changes, in the order of the request."""

    created = fields.List(
        Nested(TaskSchema), metadata={"maxItems": models.MAX_BULK_TASKS}
    )
    updated = fields.List(
        Nested(TaskSchema), metadata={"maxItems": models.MAX_BULK_TASKS}
    )
    deleted = fields.List(Integer(low=1), metadata={"maxItems": models.MAX_BULK_TASKS})


class TagSchema(Schema):
    """A tag, and how many tasks outside the trash have it."""

    name = tag(dump_only=True)
    task_count = Count(dump_only=True)


TagPageSchema = page_of(TagSchema)


def counts(name: str, kind: type[StrEnum]) -> Nested:
    """Return a field with a number for each member of an enum."""
    members = {member.value: Count() for member in kind}
    return Nested(type(f"{name}Schema", (Schema,), members))


class TaskStatsSchema(Schema):
    """How many tasks there are, of each kind."""

    total = Count(metadata={"examples": [12]})
    by_status = counts("StatusCounts", models.Status)
    by_priority = counts("PriorityCounts", models.Priority)
    overdue = Count()
    created_last_7_days = Count()
    completed_last_7_days = Count()


class UserStatsSchema(Schema):
    """How many accounts there are."""

    total = Count()
    active = Count()
    admins = Count()


class ServiceStatsSchema(Schema):
    """How many accounts and tasks there are."""

    users = Nested(UserStatsSchema)
    tasks = Nested(TaskStatsSchema)
