"""Export and import of the caller's tasks as files."""

from flask import Response

from taskapi.import_export import service
from taskapi.import_export.export import export_visible
from taskapi.import_export.formats import FORMATS
from taskapi.import_export.parser import TaskParser
from taskapi.import_export.schemas import (
    EXPORT_CSV,
    EXPORT_JSONL,
    IMPORT_BODY,
    ExportArguments,
    ImportArguments,
    ImportResultSchema,
)
from taskapi.import_export.transfer import (
    parse_upload,
    requested_format,
    stream_file,
)
from taskapi.projects import access
from taskapi.projects import service as projects
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import idempotent

import_export = Blueprint(
    "import-export",
    "Export and import of your tasks.",
    limit="default",
    accepts_keys=True,
)


@import_export.get("/users/me/export", scope=Scope.TASKS_READ)
@import_export.arguments(ExportArguments, location="query")
@import_export.alt_response(200, **EXPORT_CSV)
@import_export.response(200, **EXPORT_JSONL)
@import_export.problems("not-found")
def export_tasks(arguments: Fields) -> Response:
    """Export your tasks

    Streams all tasks that are not in the trash, oldest first, as JSON Lines or as CSV
    that is safe to open in a spreadsheet. Without `format`, the `Accept` header
    decides. If an export fails after it has begun, the response ends without the final
    chunk. `import_tasks` accepts the file.
    """
    name = requested_format(arguments)
    bom = arguments["bom"] and name == "csv"
    project_id = access.chosen(caller(), arguments.get("project_id"))
    if project_id is not None:
        projects.get(caller(), project_id)
    chunks = export_visible(caller(), FORMATS[name], project_id, bom=bom)
    return stream_file(chunks, name)


@import_export.post("/users/me/import", scope=Scope.TASKS_WRITE)
@import_export.arguments(ImportArguments, location="query")
@import_export.doc(requestBody=IMPORT_BODY)
@parse_upload
@idempotent
@import_export.response(200, ImportResultSchema)
@import_export.problems("role-required", "not-found")
@import_export.problems("already-exists", field="external_id", existing_id=12)
@import_export.problems("limit-reached", limit=100_000)
@import_export.problems("bad-request", "payload-too-large", "unsupported-media-type")
def import_tasks(arguments: Fields, parser: TaskParser) -> Fields:
    """Import tasks

    Imports all lines or none; `errors` has the line, column and reason of each invalid
    one. Existing tasks are not changed: a line is skipped if a task of the project has
    its `external_id`, so that you can import the same file again. A file can have
    10,000 tasks and 1 MiB, and only one import can run at a time.

    Send the file as the body, or as the part `file` of a form. In JSON Lines each line
    is an object; in CSV the columns have the same names, separated by commas,
    semicolons or tabs: `id` and `parent_id` (integers or texts, valid within the file),
    `external_id`, `title` (required), `description`, `status`, `priority`, `due_date`,
    `tags` (in CSV separated by commas), `created_at`, `completed_at` and, ignored,
    `updated_at`, `project_id` and `assignee_id`. The encoding is UTF-8, UTF-16 with a
    byte order mark, or as declared, for example `text/csv; charset=windows-1252`.
    """
    given = access.chosen(caller(), arguments.pop("project_id", None))
    project_id = access.default(caller(), given)
    result = service.import_tasks(
        caller(), project_id, parser.tasks[""], dry_run=arguments["dry_run"]
    )
    return result._asdict() | {"truncated": parser.truncated}
