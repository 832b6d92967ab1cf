"""A task in a file."""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import FieldError
from taskapi.import_export.shortening import CHANGES
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.tasks.models import EXTERNAL_ID_LENGTH, Status
from taskapi.tasks.schemas import TaskSchema
from taskapi.users.schemas import fold
from taskapi.web.fields import (
    Count,
    Integer,
    Nested,
    OneOf,
    QueryFlag,
    Text,
    Timestamp,
    Word,
)
from taskapi.web.schema import Schema

MOST = 10_000
"""Tasks of one import over HTTP."""


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

    id: Any = Integer(
        low=1, metadata={"description": "Good within the file; a new one is given."}
    )
    parent_id: Any = Integer(
        low=1,
        allow_none=True,
        metadata={"description": "The `id` of the line that it is part of."},
    )
    created_at = Timestamp()
    completed_at = Timestamp(allow_none=True)
    updated_at = Timestamp(metadata={"description": "Read, and not kept."})

    @validates_schema
    def is_completed(self, task: dict[str, Any], **_: Any) -> None:
        """Refuse a moment of completion on what is not completed."""
        if task.get("completed_at") and task.get("status") != Status.COMPLETED:
            fault = FieldError("Only a completed task has this.", "conflict")
            raise ValidationError({"completed_at": [fault]})


def owner() -> Text:
    """Return the field for the login of the account that owns a task."""
    return Text(low=1, high=EMAIL_LENGTH, clean=fold, required=True)


class OwnedLineSchema(TaskLineSchema):
    """A task in a file with those of several accounts."""

    class Meta(TaskLineSchema.Meta):
        fields = ("owner", *TaskLineSchema.Meta.fields)

    owner = owner()


class FileId(Text):
    """An id within a file: a text of another system, or an integer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(low=1, high=EXTERNAL_ID_LENGTH, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = str(value) if type(value) is int else value
        return super()._deserialize(text, *args, **kwargs)


class TaskImportSchema(TaskLineSchema):
    """A task in a file to import."""

    id = FileId()
    parent_id = FileId(allow_none=True)


class OwnedTaskImportSchema(TaskImportSchema):
    """A task in a file of several accounts to import."""

    class Meta(OwnedLineSchema.Meta):
        pass

    owner = owner()


class ExportArguments(Schema):
    """The format of the file."""

    format = fields.String(
        validate=OneOf([*Form]),
        metadata={
            "description": "Without it, `Accept` decides; JSON Lines is the default."
        },
    )
    bom = QueryFlag(
        load_default=False,
        metadata={
            "description": "Begin CSV with a byte order mark, so that spreadsheets "
            "read it as UTF-8."
        },
    )


class OnLong(StrEnum):
    """The treatment of texts that are too long."""

    REJECT = "reject"
    CUT = "cut"


class ImportArguments(Schema):
    """The options of an import."""

    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "Return the result, and change nothing."},
    )
    on_long = fields.String(
        load_default=OnLong.REJECT,
        validate=OneOf([*OnLong]),
        metadata={
            "description": "`cut` truncates titles, descriptions and tags that are too "
            "long, and replaces line breaks in titles by spaces."
        },
    )


class TruncatedSchema(Schema):
    """A line whose texts were truncated."""

    line = Count()
    names = fields.List(
        Word(),
        data_key="fields",
        attribute="fields",
        metadata={"maxItems": len(CHANGES)},
    )


class ImportResultSchema(Schema):
    """The result of an import."""

    created = Count()
    skipped = Count()
    truncated = fields.List(
        Nested(TruncatedSchema),
        metadata={
            "description": "With `on_long=cut`: the lines and their truncated fields.",
            "maxItems": MOST,
        },
    )
