"""Documentation and problem pages, as HTML and JSON."""

import gzip
import hashlib
import json
import mimetypes
from functools import cache
from pathlib import Path
from typing import NamedTuple

import flask_swagger_ui
from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue

from taskapi.errors import NotFound
from taskapi.system import guides, service
from taskapi.typing import JsonObject
from taskapi.web import conditional
from taskapi.web.problem_types import PROBLEM_TYPES, example_of
from taskapi.web.settings import settings

STATIC = Path(__file__).parent / "static"
SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
FILES = {
    "docs.js": STATIC,
    "pages.css": STATIC,
    "swagger-ui.css": SWAGGER_UI,
    "swagger-ui-bundle.js": SWAGGER_UI,
    "favicon-32x32.png": SWAGGER_UI,
}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TEXT_FILES = (".js", ".css")
CACHE_ONE_HOUR = "public, max-age=3600"

pages = Blueprint("pages", __name__, template_folder="templates")


@pages.get("/")
def get_root() -> ResponseReturnValue:
    """Redirect browsers to the documentation; return the links as JSON otherwise."""
    links = service.links(with_docs=settings.docs_enabled)
    return redirect(links.get("docs", "/problems")) if _prefers_html() else links


@pages.get("/docs")
def get_docs() -> Response:
    """Return the documentation page (Swagger UI, from local files)."""
    _require_docs()
    return _page("docs.html")


@pages.get("/openapi.json")
def get_openapi() -> Response:
    """Return the OpenAPI document; it is generated and compressed once per process."""
    _require_docs()
    response = _encoded(_document(), "application/json")
    response.headers["Cache-Control"] = "public, no-cache"
    return response


@pages.get("/guides")
def list_guides() -> Response:
    """List the guides for authors of clients."""
    _require_docs()
    return _page("guides.html", guides=guides.entries())


@pages.get("/guides/<guide_name>")
def get_guide(guide_name: str) -> Response:
    """Return a guide as HTML."""
    _require_docs()
    guide = guides.find(guide_name, settings.public_url or settings.address)
    if guide is None:
        raise NotFound
    return _page("guide.html", guide=guide)


@pages.get("/static/<name>")
def get_file(name: str) -> Response:
    """Return a static file of the pages, compressed if the client accepts it."""
    if name not in FILES:
        raise NotFound
    response = _encoded(_static_file(name), mimetypes.guess_type(name)[0])
    response.headers["Cache-Control"] = CACHE_ONE_HOUR
    return response


@pages.get("/problems")
def list_problems() -> ResponseReturnValue:
    """List all problem types."""
    if not _prefers_html():
        return [_problem_type(code) for code in PROBLEM_TYPES]
    return _page("problems.html", problems=PROBLEM_TYPES)


@pages.get("/problems/<code>")
def get_problem(code: str) -> ResponseReturnValue:
    """Describe one problem type."""
    if code not in PROBLEM_TYPES:
        raise NotFound
    if not _prefers_html():
        return _problem_type(code)
    example = json.dumps(example_of(code), indent=2, ensure_ascii=False)
    return _page(
        "problem.html", code=code, problem=PROBLEM_TYPES[code], example=example
    )


class Encoded(NamedTuple):
    """Content in one encoding, with its entity tag."""

    body: bytes
    etag: str


Encodings = dict[str, Encoded]
"""The same content by its encoding: `identity`, and perhaps `gzip`."""


def _encodings(content: bytes, *, is_text: bool) -> Encodings:
    """Return the content as it is, and compressed if it is a text."""
    bodies = {"identity": content}
    if is_text:
        bodies["gzip"] = gzip.compress(content, mtime=0)
    return {
        name: Encoded(body, hashlib.sha256(body).hexdigest()[:16])
        for name, body in bodies.items()
    }


def _encoded(encodings: Encodings, media_type: str | None) -> Response:
    """Return the content, compressed if the client accepts that, or 304."""
    accepts_gzip = request.accept_encodings["gzip"] > 0 and "gzip" in encodings
    encoding = "gzip" if accepts_gzip else "identity"
    body, etag = encodings[encoding]
    response = Response(body, mimetype=media_type)
    if conditional.is_current(etag):
        response = Response(status=304)
    elif accepts_gzip:
        response.headers["Content-Encoding"] = encoding
    response.set_etag(etag)
    response.headers["Vary"] = "Accept-Encoding"
    return response


@cache
def _static_file(name: str) -> Encodings:
    content = (FILES[name] / name).read_bytes()
    return _encodings(content, is_text=name.endswith(TEXT_FILES))


def _document() -> Encodings:
    cache: dict[str, Encodings] = current_app.extensions
    if "openapi" not in cache:
        api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        document = current_app.json.dumps(api.spec.to_dict()).encode()
        cache["openapi"] = _encodings(document, is_text=True)
    return cache["openapi"]


def _prefers_html() -> bool:
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _problem_type(code: str) -> JsonObject:
    problem_type = PROBLEM_TYPES[code]
    return {
        "type": f"/problems/{code}",
        "code": code,
        "status": problem_type.status,
        "title": problem_type.title,
        "detail": problem_type.detail,
        "example": example_of(code),
    }


def _page(template: str, **values: object) -> Response:
    html = render_template(template, with_docs=settings.docs_enabled, **values)
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


def _require_docs() -> None:
    if not settings.docs_enabled:
        raise NotFound
