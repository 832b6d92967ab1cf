"""A task in a file."""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import Fault
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.tasks.models import Status
from taskapi.tasks.schemas import TaskSchema
from taskapi.users.schemas import fold
from taskapi.web.fields import Count, Integer, Moment, OneOf, QueryFlag, Text
from taskapi.web.schema import Schema


class Form(StrEnum):
    """What a file looks like: a JSON object on each line, or a table."""

    JSONL = "jsonl"
    CSV = "csv"


class TaskLineSchema(TaskSchema):
    """A task in a file; `parent_id` is the `id` of another line of the file."""

    example: ClassVar[dict[str, Any]] = {
        "id": 1,
        "title": "Water the plants",
        "tags": ["garden"],
    }

    class Meta(TaskSchema.Meta):
        fields: tuple[str, ...] = (
            "id",
            "parent_id",
            "external_id",
            "title",
            "description",
            "status",
            "priority",
            "due_date",
            "tags",
            "created_at",
            "completed_at",
            "updated_at",
        )

    id = Integer(
        low=1, metadata={"description": "Good within the file; a new one is given."}
    )
    parent_id = Integer(
        low=1,
        allow_none=True,
        metadata={"description": "The `id` of the line that it is part of."},
    )
    created_at = Moment()
    completed_at = Moment(allow_none=True)
    updated_at = Moment(metadata={"description": "Read, and not kept."})

    @validates_schema
    def is_completed(self, task: dict[str, Any], **_: Any) -> None:
        """Refuse a moment of completion on what is not completed."""
        if task.get("completed_at") and task.get("status") != Status.COMPLETED:
            fault = Fault("Only a completed task has this.", "conflict")
            raise ValidationError({"completed_at": [fault]})


class OwnedLineSchema(TaskLineSchema):
    """A task in a file with those of several accounts."""

    class Meta(TaskLineSchema.Meta):
        fields = ("owner", *TaskLineSchema.Meta.fields)

    owner = Text(low=1, high=EMAIL_LENGTH, clean=fold, required=True)


class ExportArguments(Schema):
    """What file to write."""

    format = fields.String(load_default=Form.JSONL, validate=OneOf([*Form]))


class ImportArguments(Schema):
    """How to import."""

    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "Tell what would come of it, and change nothing."},
    )


class ImportAnswerSchema(Schema):
    """What came of an import."""

    created = Count()
    skipped = Count()
