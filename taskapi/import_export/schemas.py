"""Schemas of tasks in files, and the bodies of exports and imports in OpenAPI.

OpenAPI describes these bodies as strings, or as a form with a file, which client
generators and documentation pages support. With an object schema they would expect a
single JSON document, whatever the media type.
"""

from enum import StrEnum
from typing import Any, Unpack

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import FieldError
from taskapi.import_export.parser import TRUNCATED_FIELDS
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.tasks.filters import IdOr, project
from taskapi.tasks.models import EXTERNAL_ID_LENGTH, TaskStatus
from taskapi.tasks.schemas import TaskSchema
from taskapi.typing import Fields
from taskapi.users.models import fold
from taskapi.web.field_options import Options
from taskapi.web.fields import Count, Integer, Nested, Text, Timestamp, Word
from taskapi.web.parsing import MAX_BYTES
from taskapi.web.query_fields import QueryFlag
from taskapi.web.schema import Schema
from taskapi.web.validators import MAX_SHORT, OneOf

MAX_TASKS = 10_000
"""Tasks of one import over HTTP."""

JSONL_TYPE, CSV_TYPE = "application/x-ndjson", "text/csv"
JSONL_EXAMPLE = '{"id": 1, "title": "Water the plants", "tags": ["garden"]}\n'
CSV_EXAMPLE = "id,title,tags\r\n1,Water the plants,garden\r\n"


class FileFormat(StrEnum):
    """File formats: one JSON object on each line, or a table."""

    JSONL = "jsonl"
    CSV = "csv"


class OnLong(StrEnum):
    """Treatment of texts that are too long."""

    REJECT = "reject"
    CUT = "cut"


class TaskExportSchema(TaskSchema):
    """A task in an exported file; `parent_id` is the `id` of another line."""

    class Meta(TaskSchema.Meta):
        # Fields that imports do not restore. A new field is exported and imported.
        exclude = (
            "owner_id",
            "is_overdue",
            "progress",
            "subtask_count",
            "deleted_at",
            "version",
        )

    id: Any = Integer(
        low=1,
        metadata={"description": "Valid within the file; imports assign new ids."},
    )
    parent_id: Any = Integer(
        low=1,
        allow_none=True,
        metadata={"description": "The `id` of the line of the parent task."},
    )
    created_at = Timestamp()
    completed_at = Timestamp(allow_none=True)
    updated_at = Timestamp(metadata={"description": "Ignored by imports."})

    @validates_schema
    def check_completed_at(self, task: Fields, **_: object) -> None:
        """Reject a completion timestamp for a task that is not completed."""
        if task.get("completed_at") and task.get("status") != TaskStatus.COMPLETED:
            message = "Only a completed task can have a completion timestamp."
            raise ValidationError({"completed_at": [FieldError(message, "conflict")]})


class FileId(Text):
    """Id within a file: a text, such as the id in another system, or an integer."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(low=1, high=EXTERNAL_ID_LENGTH, **options)

    def parse(self, value: object) -> str:
        """Return the id as text."""
        return super().parse(str(value) if type(value) is int else value)


class TaskImportSchema(TaskExportSchema):
    """A task in a file to import."""

    id = FileId()
    parent_id = FileId(allow_none=True)


class OwnedTaskImportSchema(TaskImportSchema):
    """A task in a file of several accounts to import."""

    owner = Text(low=1, high=EMAIL_LENGTH, clean=fold, required=True)


class ExportArguments(Schema):
    """The options of an export."""

    project_id = project()
    format = fields.String(
        validate=OneOf([*FileFormat]),
        metadata={
            "description": "By default the `Accept` header decides, or else `jsonl`."
        },
    )
    bom = QueryFlag(
        load_default=False,
        metadata={
            "description": "Begin a CSV file with a byte order mark, so that "
            "spreadsheets decode it as UTF-8. Ignored for JSON Lines."
        },
    )


class ImportArguments(Schema):
    """The options of an import."""

    project_id = IdOr(
        "personal",
        low=0,
        description="The project of the new tasks; by default as for a new task.",
    )
    dry_run = QueryFlag(
        load_default=False,
        metadata={"description": "Validate the file, but create no tasks."},
    )
    on_long = fields.String(
        load_default=OnLong.REJECT,
        validate=OneOf([*OnLong]),
        metadata={
            "description": "`cut` truncates titles, descriptions and tags that are too "
            "long, and replaces line breaks in titles by spaces."
        },
    )


class TruncatedLineSchema(Schema):
    """A line whose texts were truncated."""

    line = Count()
    names = fields.List(
        Word(metadata={"maxLength": max(map(len, TRUNCATED_FIELDS))}),
        data_key="fields",
        attribute="fields",
        metadata={"maxItems": len(TRUNCATED_FIELDS)},
    )


class ImportResultSchema(Schema):
    """The result of an import."""

    created = Count()
    skipped = Count()
    truncated = fields.List(
        Nested(TruncatedLineSchema),
        metadata={
            "description": "With `on_long=cut`: lines and their truncated fields.",
            "maxItems": MAX_TASKS,
        },
    )


class TaskFileSchema(Schema):
    """A form with a file to import."""

    file = fields.String(
        required=True,
        metadata={
            "format": "binary",
            "contentMediaType": "application/octet-stream",
            "description": "JSON Lines or CSV, by media type or file name.",
        },
    )


def _content(max_length: int) -> Fields:
    """Return both formats in OpenAPI, by media type."""
    lines = {"format": "jsonl", "description": "A JSON object on each line."}
    table = {"format": "csv", "description": "A row for each task."}
    string = {"type": "string", "maxLength": max_length}
    return {
        JSONL_TYPE: {"schema": string | lines, "example": JSONL_EXAMPLE},
        CSV_TYPE: {"schema": string | table, "example": CSV_EXAMPLE},
    }


EXPORT_JSONL = {"content_type": JSONL_TYPE} | _content(MAX_SHORT)[JSONL_TYPE]
EXPORT_CSV = {"content_type": CSV_TYPE} | _content(MAX_SHORT)[CSV_TYPE]
IMPORT_BODY: Fields = {
    "required": True,
    "content": _content(MAX_BYTES)
    | {
        "multipart/form-data": {
            "schema": TaskFileSchema().for_input(),
            "example": {"file": CSV_EXAMPLE},
            "encoding": {"file": {"contentType": f"{CSV_TYPE}, {JSONL_TYPE}"}},
        },
    },
}
