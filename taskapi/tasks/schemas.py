"""JSON representation of tasks and tags."""

from typing import ClassVar

from marshmallow import fields

from taskapi.tasks import models
from taskapi.tasks.fields import SOMETHING, DueDate, Progress, Tags, external_id, tag
from taskapi.typing import JsonObject
from taskapi.web.fields import Choice, Count, Integer, Nested, Several, Text, Timestamp
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema
from taskapi.web.validators import Length


def subtasks() -> Several:
    """Return the field for the subtasks of a new task."""
    return Several(
        Nested(lambda: SubtaskSchema().for_input()),
        data_key="subtasks",
        attribute="subtasks",
        load_only=True,
        validate=Length(max=models.MAX_SUBTASKS),
        metadata={"description": "At most 100 subtasks in all, on at most 10 levels."},
    )


class TaskSchema(Schema):
    """A task."""

    example: ClassVar[JsonObject] = {"status": "completed", "tags": ["garden"]}

    id = Integer(dump_only=True, low=1)
    project_id = Integer(
        low=1,
        metadata={
            "description": "By default your personal project, or that of a restricted "
            "API key. A change moves the task with all its descendants.",
        },
    )
    owner_id = Integer(
        dump_only=True,
        low=1,
        allow_none=True,
        metadata={"description": "The account that created it, unless it is deleted."},
    )
    assignee_id = Integer(
        low=1,
        allow_none=True,
        metadata={"description": "The member of the project who works on the task."},
    )
    parent_id = Integer(
        low=1,
        allow_none=True,
        metadata={"description": "The task of which it is a subtask, in its project."},
    )
    external_id = external_id(
        allow_none=True,
        metadata={
            "description": "Your own key, for imports and offline clients; unique "
            "among the tasks of the project outside the trash."
        },
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
    status = Choice(models.TaskStatus, metadata={"default": models.TaskStatus.TODO})
    priority = Choice(
        models.TaskPriority, metadata={"default": models.TaskPriority.MEDIUM}
    )
    due_date = DueDate(
        allow_none=True,
        metadata={
            "description": "A date or a timestamp. It is returned in the same form, "
            "timestamps in UTC.",
            "examples": ["2036-12-24", "2036-12-24T18:00:00Z"],
        },
    )
    tags = Tags(
        tag(),
        validate=Length(max=models.MAX_TAGS),
        metadata={
            "description": "Tags are compared as search words are: without case and "
            "accents. They are returned as first written in the project.",
            "default": [],
            "examples": [["garden"]],
        },
    )
    is_overdue = fields.Boolean(
        dump_only=True,
        metadata={
            "description": "Whether it is open and its due date has passed. A date "
            "has passed when the next day begins in the time zone of your account.",
            "examples": [False],
        },
    )
    progress = Progress(
        dump_only=True,
        metadata={
            "description": "The share of its direct subtasks that are completed. "
            "Without subtasks: 1 if the task itself is completed, else 0.",
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
        metadata={"description": "The time when it was moved to the trash."},
    )
    version = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class SubtaskSchema(TaskSchema):
    """A new subtask of a new task."""

    example: ClassVar[JsonObject] = {"title": "Repair the hose"}

    class Meta(TaskSchema.Meta):
        exclude = ("parent_id", "project_id")

    new_subtasks = subtasks()


class TaskTreeSchema(TaskSchema):
    """A task, with its descendants where they are requested."""

    input_name = "TaskCreate"
    optional: ClassVar[set[str]] = {"subtasks"}
    example: ClassVar[JsonObject] = {
        "title": "Water the plants",
        "priority": "high",
        "due_date": "2036-12-24",
        "tags": ["garden"],
        "subtasks": [{"title": "Repair the hose"}],
    }

    new_subtasks = subtasks()
    subtasks = fields.List(
        Nested("TaskTreeSchema"),
        dump_only=True,
        metadata={
            "description": "Only in the response to a creation with subtasks or a "
            "parent, and to `expand=subtasks`.",
            "maxItems": models.MAX_EXPANDED_TASKS,
        },
    )


TaskPageSchema = page_of(TaskSchema)


class TagSchema(Schema):
    """A tag, and the number of tasks outside the trash that have it."""

    name = tag(dump_only=True)
    task_count = Count(dump_only=True)


TagPageSchema = page_of(TagSchema)
