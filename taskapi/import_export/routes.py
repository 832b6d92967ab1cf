"""Export and import of the caller's tasks as files."""

from collections.abc import Callable, Iterator
from functools import wraps
from io import BytesIO
from itertools import chain, islice
from pathlib import PurePath
from typing import NamedTuple

from flask import Request, Response, request, stream_with_context
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.http import parse_options_header

from taskapi.db import deadline
from taskapi.errors import FieldError, Invalid
from taskapi.import_export import service
from taskapi.import_export.export import Chunk, export_account
from taskapi.import_export.formats import (
    BY_EXTENSION,
    BY_MEDIA_TYPE,
    FORMATS,
    NAMES_BY_MEDIA_TYPE,
)
from taskapi.import_export.lines import CHARSETS, Format, TextLines
from taskapi.import_export.parser import TaskParser
from taskapi.import_export.schemas import (
    EXPORT_CSV,
    EXPORT_JSONL,
    IMPORT_BODY,
    MAX_TASKS,
    ExportArguments,
    ImportArguments,
    ImportResultSchema,
    OnLong,
    TaskImportSchema,
)
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import HEADER as IDEMPOTENCY_KEY
from taskapi.web.idempotency import idempotent
from taskapi.web.multipart import MULTIPART, read_parts
from taskapi.web.parsing import UnsupportedBody, read_body
from taskapi.web.schema import unknown_field
from taskapi.web.settings import settings

FILE_PART = "file"
ACCEPTED = " or ".join(sorted([*BY_MEDIA_TYPE, MULTIPART]))
FILE_MISSING = FieldError("Send the file as the part `file`.", "required")
SEVERAL_FILES = FieldError("Send one file.", "repeated")
BOM_WITHOUT_CSV = FieldError(
    "Only CSV files can begin with a byte order mark.", "conflict"
)

import_export = Blueprint(
    "import_export",
    "Export and import of your tasks.",
    limit="default",
    accepts_keys=True,
)


class Upload(NamedTuple):
    """The file of an import request."""

    text: TextLines
    file_format: Format


def parse_upload(
    view: Callable[[Fields, TaskParser], Fields],
) -> Callable[[Fields], Fields]:
    """Pass the validated file to the view, as the only import of the caller.

    Put this above decorators that begin a transaction: parsing the largest file takes
    seconds, which must neither lock the database nor count towards its deadline.
    """

    @wraps(view)
    def wrapper(arguments: Fields) -> Fields:
        key = request.headers.get(IDEMPOTENCY_KEY)
        with service.exclusive_import(caller().id, key):
            with deadline.paused():
                upload = _read_upload(request)
                truncate = arguments["on_long"] == OnLong.CUT
                parser = TaskParser(TaskImportSchema(), MAX_TASKS, truncate=truncate)
                parser.parse(upload.text, upload.file_format)
            return view(arguments, parser)

    return wrapper


@import_export.get("/users/me/export", scope=Scope.TASKS_READ)
@import_export.arguments(ExportArguments, location="query")
@import_export.alt_response(200, **EXPORT_CSV)
@import_export.response(200, **EXPORT_JSONL)
def export_tasks(arguments: Fields) -> Response:
    """Export your tasks

    Streams all tasks that are not in the trash, oldest first, as JSON Lines or as CSV
    that is safe to open in a spreadsheet. Without `format`, the `Accept` header
    decides. If an export fails after it has begun, the response ends without the final
    chunk. `import_tasks` accepts the file.
    """
    accepted = request.accept_mimetypes.best_match(
        NAMES_BY_MEDIA_TYPE, next(iter(NAMES_BY_MEDIA_TYPE))
    )
    name = arguments.get("format") or NAMES_BY_MEDIA_TYPE[accepted]
    if arguments["bom"] and name != "csv":
        raise Invalid({"bom": [BOM_WITHOUT_CSV]}, in_query=True)
    return _stream(export_account(caller(), FORMATS[name], bom=arguments["bom"]), name)


@import_export.post("/users/me/import", scope=Scope.TASKS_WRITE)
@import_export.arguments(ImportArguments, location="query")
@import_export.doc(requestBody=IMPORT_BODY)
@parse_upload
@idempotent
@import_export.response(200, ImportResultSchema)
@import_export.problems(
    "already-exists",
    "bad-request",
    "limit-reached",
    "payload-too-large",
    "unsupported-media-type",
)
def import_tasks(arguments: Fields, parser: TaskParser) -> Fields:
    """Import tasks

    Imports all lines or none; `errors` has the line, column and reason of each invalid
    one. Existing tasks are not changed: a line is skipped if one of your tasks has its
    `external_id`, so that you can import the same file again. A file can have 10,000
    tasks and 1 MiB, and only one import can run at a time.

    Send the file as the body, or as the part `file` of a form. In JSON Lines each line
    is an object; in CSV the columns have the same names, separated by commas,
    semicolons or tabs: `id` and `parent_id` (integers or texts, valid within the file),
    `external_id`, `title` (required), `description`, `status`, `priority`, `due_date`,
    `tags` (in CSV separated by commas), `created_at`, `completed_at` and `updated_at`
    (ignored). The encoding is UTF-8, UTF-16 with a byte order mark, or as declared, for
    example `text/csv; charset=windows-1252`.
    """
    tasks, dry_run = parser.tasks[""], arguments["dry_run"]
    result = service.import_tasks(caller().id, tasks, dry_run=dry_run)
    return result._asdict() | {"truncated": parser.truncated}


def _read_upload(req: Request) -> Upload:
    """Return the file of a request, which is its body or the part `file` of a form."""
    if req.mimetype == MULTIPART:
        return _uploaded_part(*read_parts(req))
    file_format = BY_MEDIA_TYPE.get(req.mimetype)
    if file_format is None:
        raise UnsupportedBody(f"Send the body as {ACCEPTED}.")
    charset = req.mimetype_params.get("charset")
    return Upload(_text_lines(read_body(req), charset), file_format)


def _uploaded_part(
    fields: MultiDict[str, str], files: MultiDict[str, FileStorage]
) -> Upload:
    names = {*fields, *files} - {FILE_PART}
    errors = {name: [unknown_field(name, [FILE_PART])] for name in sorted(names)}
    parts = files.getlist(FILE_PART)
    if len(parts) != 1:
        errors[FILE_PART] = [SEVERAL_FILES if parts else FILE_MISSING]
    if errors:
        raise Invalid(errors)
    media_type, parameters = parse_options_header(parts[0].content_type)
    extension = PurePath(parts[0].filename or "").suffix.lower()
    file_format = BY_MEDIA_TYPE.get(media_type.lower()) or BY_EXTENSION.get(extension)
    if file_format is None:
        raise UnsupportedBody(
            f"Send the part `file` as {' or '.join(sorted(BY_MEDIA_TYPE))}, or with a "
            f"file name that ends with one of {', '.join(BY_EXTENSION)}."
        )
    text = _text_lines(parts[0].read(), parameters.get("charset"))
    return Upload(text, file_format)


def _text_lines(content: bytes, charset: str | None) -> TextLines:
    name = (charset or "utf-8").lower()
    if name not in CHARSETS:
        raise UnsupportedBody(f"The charset must be one of {', '.join(CHARSETS)}.")
    return TextLines(BytesIO(content), name)


def _stream(chunks: Iterator[Chunk], name: str) -> Response:
    """Return a streamed file.

    The first page is read now, so that an error is reported by a problem document.
    """
    first = list(islice(chunks, 2))
    headers = {
        "Content-Disposition": f'attachment; filename="tasks.{name}"',
        "Vary": "Accept",
    }
    texts = (chunk.text for chunk in chain(first, _with_deadlines(chunks)))
    stream = stream_with_context(texts)
    return Response(stream, headers=headers, content_type=FORMATS[name].media_type)


def _with_deadlines(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Read each chunk within the request timeout, however slow the client is."""
    while True:
        with deadline.Deadline(settings.request_timeout):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
