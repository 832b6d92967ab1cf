"""The file of an import request: its bytes, format and encoding, and its tasks."""

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from pathlib import PurePath
from typing import Any, NamedTuple

from flask import Request, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.http import parse_options_header

from taskapi.db import deadline
from taskapi.errors import FieldError, Invalid
from taskapi.import_export import running
from taskapi.import_export.formats import Form
from taskapi.import_export.forms import BY_ENDING, READ_AS
from taskapi.import_export.parser import Intake
from taskapi.import_export.schemas import (
    MOST,
    OnLong,
    TaskImportSchema,
)
from taskapi.import_export.texts import CHARSETS, Text
from taskapi.web.authentication import caller
from taskapi.web.idempotency import NAME as KEY
from taskapi.web.multipart import MULTIPART, read_parts
from taskapi.web.parsing import UnreadableType, read_body
from taskapi.web.schema import unknown_field

PART = "file"
ACCEPTED = " or ".join(sorted([*READ_AS, MULTIPART]))
REQUIRED = FieldError("Send the file as the part `file`.", "required")
SEVERAL = FieldError("Send one file.", "repeated")


class Upload(NamedTuple):
    """A file that was sent."""

    text: Text
    form: Form


def read_upload(sent: Request) -> Upload:
    """Return the file of a request, which is its body or the part `file` of it."""
    if sent.mimetype == MULTIPART:
        return _part(*read_parts(sent))
    form = READ_AS.get(sent.mimetype)
    if form is None:
        raise UnreadableType(f"Send the body as {ACCEPTED}.")
    charset = sent.mimetype_params.get("charset")
    return Upload(_text(read_body(sent), charset), form)


def _part(fields: MultiDict[str, str], files: MultiDict[str, FileStorage]) -> Upload:
    names = [*fields, *files]
    faults = {name: [unknown_field(name, [PART])] for name in names if name != PART}
    given = files.getlist(PART)
    if len(given) != 1:
        faults[PART] = [SEVERAL if given else REQUIRED]
    if faults:
        raise Invalid(faults)
    media_type, parameters = parse_options_header(given[0].content_type)
    ending = PurePath(given[0].filename or "").suffix.lower()
    form = READ_AS.get(media_type.lower()) or BY_ENDING.get(ending)
    if form is None:
        endings = ", ".join(BY_ENDING)
        raise UnreadableType(
            f"Give the part `file` the type {' or '.join(sorted(READ_AS))}, or a name "
            f"that ends with one of {endings}."
        )
    return Upload(_text(given[0].read(), parameters.get("charset")), form)


def _text(content: bytes, charset: str | None) -> Text:
    known = (charset or "utf-8").lower()
    if known not in CHARSETS:
        raise UnreadableType(f"The charset must be {', '.join(CHARSETS)}.")
    return Text(BytesIO(content), known)


def parsed(view: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the checked file to an import, of which each caller has one at a time.

    Stands above what begins a transaction: reading a file of the largest size takes
    seconds, which must neither lock the database nor count towards its deadline.
    """

    @wraps(view)
    def wrapper(arguments: dict[str, Any]) -> Any:
        with running.only(caller().id, request.headers.get(KEY)):
            with deadline.paused():
                upload = read_upload(request)
                is_cut = arguments["on_long"] == OnLong.CUT
                intake = Intake(TaskImportSchema(), MOST, cut=is_cut)
                intake.read(upload.text, upload.form)
            return view(arguments, intake)

    return wrapper
