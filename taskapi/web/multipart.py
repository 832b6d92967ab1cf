"""Multipart forms (RFC 7578); incomplete ones are rejected."""

import hashlib
from collections.abc import Iterator
from io import BytesIO

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import MultiPartParser

from taskapi.web.parsing import read_body

MULTIPART = "multipart/form-data"
MAX_PARTS = 100


class IncompleteForm(BadRequest):
    """The form is malformed or ends early; the description is shown to clients."""

    description = "The form is malformed, or its end is missing; send it again."


Parts = tuple[MultiDict[str, str], MultiDict[str, FileStorage]]


def read_parts(req: Request) -> Parts:
    """Return the fields and the files of a form.

    `Request.files` would be empty for a form that ends early, and keep temporary files
    open.
    """
    boundary = req.mimetype_params.get("boundary", "").encode("ascii", "ignore")
    body = read_body(req)
    parser = MultiPartParser(_in_memory, max_form_parts=MAX_PARTS)
    try:
        fields, files = parser.parse(BytesIO(body), boundary, len(body))
    except ValueError as error:
        raise IncompleteForm from error
    if None in fields or None in files:  # RFC 7578 requires a name
        raise IncompleteForm
    return fields, files


def content_digest(req: Request) -> str:
    """Return the hash of a body; of a form, that of its parts.

    Clients choose another boundary for each attempt, so it is left out.
    """
    if req.mimetype != MULTIPART:
        return hashlib.sha256(read_body(req)).hexdigest()
    digest = hashlib.sha256()
    for part in _contents(*read_parts(req)):
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _contents(
    form: MultiDict[str, str], files: MultiDict[str, FileStorage]
) -> Iterator[bytes]:
    for name, value in form.items(multi=True):
        yield from (name.encode(errors="replace"), value.encode(errors="replace"))
    for name, file in files.items(multi=True):
        about = f"{name}\n{file.filename}\n{file.content_type}"
        yield from (about.encode(errors="replace"), file.read())


def _in_memory(*_arguments: object, **_options: object) -> BytesIO:
    return BytesIO()
