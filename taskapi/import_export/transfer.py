"""Files in requests and responses: uploads, and streamed downloads."""

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
from taskapi.import_export.export import Chunk
from taskapi.import_export.formats import (
    BY_EXTENSION,
    BY_MEDIA_TYPE,
    FORMATS,
    NAMES_BY_MEDIA_TYPE,
)
from taskapi.import_export.lines import CHARSETS, Format, TextLines
from taskapi.import_export.parser import TaskParser
from taskapi.import_export.schemas import MAX_TASKS, OnLong, TaskImportSchema
from taskapi.typing import Fields
from taskapi.web.authentication import caller
from taskapi.web.idempotency import HEADER as IDEMPOTENCY_KEY
from taskapi.web.multipart import MULTIPART, read_parts
from taskapi.web.parsing import UnsupportedBody, read_body
from taskapi.web.schema import unknown_field
from taskapi.web.settings import settings

FILE_PART = "file"
ACCEPTED = " or ".join(sorted([*BY_MEDIA_TYPE, MULTIPART]))
FILE_MISSING = FieldError("Send the file as the part `file`.", "required")
SEVERAL_FILES = FieldError("Send one file.", "repeated")


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


def requested_format(arguments: Fields) -> str:
    """Return the name of the format, from the query string or else from `Accept`."""
    accepted = request.accept_mimetypes.best_match(
        NAMES_BY_MEDIA_TYPE, next(iter(NAMES_BY_MEDIA_TYPE))
    )
    name: str = arguments.get("format") or NAMES_BY_MEDIA_TYPE[accepted]
    return name


def stream_file(chunks: Iterator[Chunk], name: str) -> Response:
    """Return a download in the format of this name.

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
        with deadline.limit(settings.request_timeout):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
