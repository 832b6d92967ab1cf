"""Pages for people: the documentation and the problems."""

import hashlib
import json
from pathlib import Path
from typing import Any

import flask_swagger_ui
from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    send_from_directory,
)

from taskapi.errors import NotFound
from taskapi.system import service
from taskapi.web import conditional
from taskapi.web.problem_types import PROBLEM_TYPES, example_of
from taskapi.web.settings import settings

OWN = Path(__file__).parent / "static"
SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
FILES = {
    "docs.js": OWN,
    "pages.css": OWN,
    "swagger-ui.css": SWAGGER_UI,
    "swagger-ui-bundle.js": SWAGGER_UI,
    "favicon-32x32.png": SWAGGER_UI,
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HOUR = "public, max-age=3600"

pages = Blueprint("pages", __name__, template_folder="templates")


@pages.get("/")
def get_root() -> Any:
    """Lead browsers to the documentation, and show programs the links."""
    links = service.links(with_docs=settings.docs_enabled)
    return redirect(links.get("docs", "/problems")) if _prefers_html() else links


@pages.get("/docs")
def get_docs() -> Response:
    """Show the documentation, by Swagger UI from local files."""
    _refuse_without_docs()
    return _page("docs.html")


@pages.get("/openapi.json")
def get_openapi() -> Response:
    """Send the OpenAPI document, which is built once."""
    _refuse_without_docs()
    document, tag = _document()
    response = Response(document, mimetype="application/json")
    if conditional.is_current(tag):
        response = Response(status=304)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "public, no-cache"
    return response


@pages.get("/static/<name>")
def get_file(name: str) -> Response:
    """Send a file of the pages."""
    if name not in FILES:
        raise NotFound
    response = send_from_directory(FILES[name], name)
    response.headers["Cache-Control"] = HOUR
    return response


@pages.get("/problems")
def list_problems() -> Any:
    """List every problem that the API may answer."""
    if not _prefers_html():
        return [_described(code) for code in PROBLEM_TYPES]
    return _page("problems.html", problems=PROBLEM_TYPES)


@pages.get("/problems/<code>")
def get_problem(code: str) -> Any:
    """Say what a problem means and what to do about it."""
    if code not in PROBLEM_TYPES:
        raise NotFound
    if not _prefers_html():
        return _described(code)
    example = json.dumps(example_of(code), indent=2, ensure_ascii=False)
    return _page(
        "problem.html", code=code, problem=PROBLEM_TYPES[code], example=example
    )


def _document() -> tuple[str, str]:
    built: dict[str, tuple[str, str]] = current_app.extensions
    if "openapi" not in built:
        api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        document = current_app.json.dumps(api.spec.to_dict())
        built["openapi"] = document, hashlib.sha256(document.encode()).hexdigest()[:16]
    return built["openapi"]


def _prefers_html() -> bool:
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _described(code: str) -> dict[str, Any]:
    kind = PROBLEM_TYPES[code]
    return {
        "type": f"/problems/{code}",
        "code": code,
        "status": kind.status,
        "title": kind.title,
        "meaning": kind.meaning,
        "remedy": kind.remedy,
        "example": example_of(code),
    }


def _page(template: str, **values: Any) -> Response:
    shown = render_template(template, with_docs=settings.docs_enabled, **values)
    response = Response(shown, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


def _refuse_without_docs() -> None:
    if not settings.docs_enabled:
        raise NotFound
