"""Tasks in and out as files, over HTTP."""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain, islice
from typing import Any

from flask import Response, request, stream_with_context

from taskapi import watchdog
from taskapi.porting import export, service
from taskapi.porting.forms import FORMS, READ_AS
from taskapi.porting.intake import Intake
from taskapi.porting.schemas import (
    ExportArguments,
    ImportAnswerSchema,
    ImportArguments,
    TaskLineSchema,
)
from taskapi.scopes import Scope
from taskapi.web.api import Blueprint
from taskapi.web.body import read_file
from taskapi.web.fields import MAX_SHORT
from taskapi.web.idempotency import replayable
from taskapi.web.identity import caller
from taskapi.web.settings import settings

porting = Blueprint("porting", "Your tasks as files.", limit="default", takes_keys=True)

MOST = 10_000
LINES, TABLE = "application/x-ndjson", "text/csv"
WHOLE_TABLE = {"type": "string", "maxLength": MAX_SHORT, "format": "csv"}
TABLE_EXAMPLE = "id,title,tags\r\n1,Water the plants,garden\r\n"


@porting.get("/users/me/export", scope=Scope.TASKS_READ)
@porting.arguments(ExportArguments, location="query")
@porting.alt_response(
    200, schema=WHOLE_TABLE, content_type=TABLE, example=TABLE_EXAMPLE
)
@porting.response(200, TaskLineSchema, content_type=LINES)
def export_tasks(arguments: dict[str, str]) -> Response:
    """Take your tasks away

    All of them but the trash, the oldest first, as a stream: JSON Lines, an object as
    below on each, or CSV (`format=csv`), whose cells are safe to open in a spreadsheet.
    An answer that breaks off is cut off, without the last chunk of HTTP. What comes out
    goes in again by `import_tasks`.
    """
    name = arguments["format"]
    pieces = (piece.text for piece in export.of_one(caller(), FORMS[name]))
    return _streamed(pieces, FORMS[name].media_type, f"tasks.{name}")


@porting.post("/users/me/import", scope=Scope.TASKS_WRITE)
@porting.arguments(ImportArguments, location="query")
@porting.doc(
    requestBody={
        "required": True,
        "content": {
            LINES: {
                "schema": TaskLineSchema().for_input(),
                "example": TaskLineSchema.example,
            }
        },
    }
)
@replayable
@porting.response(200, ImportAnswerSchema)
@porting.refuses("already-exists", "payload-too-large", "unsupported-media-type")
def import_tasks(arguments: dict[str, bool]) -> Any:
    """Bring tasks in

    All lines or none; every bad line is named by `line`. JSON Lines, an object as below
    on each, or `text/csv` with the same names as columns. At most 10,000 tasks and
    1 MiB at once. Nothing that is there is changed: a task whose `external_id` one of
    yours has is skipped, so that the same file can come again.
    """
    source, form = read_file(request, READ_AS)
    drafts = Intake(TaskLineSchema(), MOST).read(BytesIO(source), form)[""]
    return service.store(caller().id, drafts, dry_run=arguments["dry_run"])._asdict()


def _streamed(pieces: Iterator[str], media_type: str, name: str) -> Response:
    """Answer with the pieces; the first is made now, so that it can be refused."""
    first = list(islice(pieces, 2))
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    stream = stream_with_context(chain(first, _in_time(pieces)))
    return Response(stream, headers=disposition, content_type=media_type)


def _in_time(pieces: Iterator[str]) -> Iterator[str]:
    """Give each piece the time that a request has; however slowly it is taken."""
    while True:
        with watchdog.Limit(settings.request_timeout):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
