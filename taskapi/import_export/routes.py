"""Tasks in and out as files, over HTTP."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from flask import Response, request, stream_with_context

from taskapi.db import deadline
from taskapi.errors import FieldError, Invalid
from taskapi.import_export import described, export, service
from taskapi.import_export.forms import FORMS, NAMES
from taskapi.import_export.parser import Intake
from taskapi.import_export.schemas import (
    ExportArguments,
    ImportArguments,
    ImportResultSchema,
)
from taskapi.import_export.upload import parsed
from taskapi.scopes import Scope
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import idempotent
from taskapi.web.settings import settings

porting = Blueprint(
    "porting", "Your tasks as files.", limit="default", accepts_keys=True
)

NO_MARK = FieldError("Only CSV files may begin with a byte order mark.", "conflict")


@porting.get("/users/me/export", scope=Scope.TASKS_READ)
@porting.arguments(ExportArguments, location="query")
@porting.alt_response(200, **described.TABLE)
@porting.response(200, **described.LINES)
def export_tasks(arguments: dict[str, Any]) -> Response:
    """Export your tasks

    All tasks outside the trash, the oldest first, as a stream: JSON Lines or CSV, whose
    cells are safe to open in a spreadsheet. Without `format`, the `Accept` header
    decides. A response that fails midway ends without the last chunk of HTTP.
    `import_tasks` reads what this returns.
    """
    accepted = request.accept_mimetypes.best_match(NAMES, next(iter(NAMES)))
    name = arguments.get("format") or NAMES[accepted]
    if arguments["bom"] and name != "csv":
        raise Invalid({"bom": [NO_MARK]}, in_query=True)
    pieces = export.of_one(caller(), FORMS[name], bom=arguments["bom"])
    texts = (piece.text for piece in pieces)
    return _streamed(texts, FORMS[name].media_type, f"tasks.{name}")


@porting.post("/users/me/import", scope=Scope.TASKS_WRITE)
@porting.arguments(ImportArguments, location="query")
@porting.doc(requestBody=described.FILE)
@parsed
@idempotent
@porting.response(200, ImportResultSchema)
@porting.problems(
    "already-exists",
    "bad-request",
    "limit-reached",
    "payload-too-large",
    "unsupported-media-type",
)
def import_tasks(arguments: dict[str, Any], file: Intake) -> Any:
    """Import tasks

    All lines or none; `errors` has line, column and reason of each bad one. Existing
    tasks are not changed: a line whose `external_id` one of your tasks has is skipped,
    so that the same file can be sent again. At most 10,000 tasks and 1 MiB, and one
    import at a time.

    The file is the body, or the part `file` of a form. JSON Lines have an object on
    each line, CSV has the same names as columns, separated by commas, semicolons or
    tabs: `id` and `parent_id` (integers or texts, valid within the file),
    `external_id`, `title` (required), `description`, `status`, `priority`, `due_date`,
    `tags` (in CSV joined by commas), `created_at`, `completed_at` and `updated_at`
    (ignored). The encoding is UTF-8, UTF-16 with a byte order mark, or as declared:
    `text/csv; charset=windows-1252`.
    """
    drafts, dry_run = file.drafts[""], arguments["dry_run"]
    outcome = service.store(caller().id, drafts, dry_run=dry_run)
    return outcome._asdict() | {"truncated": file.truncated}


def _streamed(pieces: Iterator[str], media_type: str, name: str) -> Response:
    """Return the pieces; the first is made now, so that an error can be a problem."""
    first = list(islice(pieces, 2))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Vary": "Accept",
    }
    stream = stream_with_context(chain(first, _in_time(pieces)))
    return Response(stream, headers=headers, content_type=media_type)


def _in_time(pieces: Iterator[str]) -> Iterator[str]:
    """Give each piece the time that a request has; however slowly it is taken."""
    while True:
        with deadline.Deadline(settings.request_timeout):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
