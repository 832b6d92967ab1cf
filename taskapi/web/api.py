"""Blueprints whose operations need login unless they say otherwise.

One decorator, `route`, gives an operation its path, its guard and its place in the
OpenAPI document. Checks come in this order: caller, rate, query, body.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

import flask_smorest
from apispec import APISpec
from flask import Flask, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from taskapi.errors import Invalid
from taskapi.scopes import Scope
from taskapi.web import examples
from taskapi.web.access import Access
from taskapi.web.fields import MAX_ID
from taskapi.web.openapi import introduction, operations
from taskapi.web.parsing import PARSER
from taskapi.web.receiving import reject_oversized
from taskapi.web.schema import Plugin, Schema, unknown

VERSION = "0.1.0"
PREFIX = "/api/v1"
LICENSE = {"name": "MIT", "identifier": "MIT"}
BODY_PROBLEMS = ["malformed-json", "payload-too-large", "unsupported-media-type"]


class IdConverter(BaseConverter):
    """An id in a path: ASCII digits, 64 bits; anything else is not found."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """Return the id."""
        if int(value) > MAX_ID:
            raise NotFound
        return int(value)


class Blueprint(flask_smorest.Blueprint):
    """A feature's operations, under `/api/v1` unless it says otherwise."""

    ARGUMENTS_PARSER = PARSER
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        "json": "application/json",
        "login": "application/json",
        "form": "application/x-www-form-urlencoded",
    }

    def __init__(
        self,
        name: str,
        description: str,
        *,
        prefix: str = PREFIX,
        limit: str = "",
        takes_keys: bool = False,
    ) -> None:
        super().__init__(name, name, url_prefix=prefix, description=description)
        self.limit = limit
        self.takes_keys = takes_keys
        self._prepare_doc_cbks.append(self._complete)

    def route(  # type: ignore[override]  # Flask's keeps the type of each view
        self,
        rule: str,
        *,
        public: bool = False,
        scope: Scope | None = None,
        limit: str = "",
        any_query: bool = False,
        **options: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Serve a view at a path, to sessions and to keys with the scope.

        Queries that no view reads are rejected, unless `any_query` ignores them.
        The option `ends_caller` marks operations that may end the caller's own
        credentials.
        """
        ends_caller = options.pop("ends_caller", False)
        chosen = limit or self.limit
        access = Access(public, scope, self.takes_keys, chosen, ends_caller)
        found = ["not-found"] if "<" in rule else []
        headers = [] if public else ["Server-Timing"]
        problems = [
            *access.problems(),
            *found,
            "validation-error",
            "internal-error",
            "service-unavailable",
        ]

        def register(view: Callable[..., Any]) -> Callable[..., Any]:
            guarded = _guard(view, access, any_query=any_query)
            operations.annotate(
                guarded, problems=problems, headers=headers, access=access
            )
            return super(Blueprint, self).route(rule, **options)(guarded)

        return register

    def arguments(
        self, schema: Any, *, location: str = "json", **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Give the view what the caller sent, checked by the schema."""
        given: Schema = (schema() if isinstance(schema, type) else schema).for_input()
        needed = any(field.required for field in given.load_fields.values())
        shown = {} if location == "query" else {"example": examples.of(given)}
        parse = super().arguments(
            given,
            location=location,
            required=needed and not given.partial,
            **shown,
            **options,
        )

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            refusals = [] if location == "query" else BODY_PROBLEMS
            return operations.annotate(parse(view), problems=refusals)

        return decorate

    def problems(
        self, *codes: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Document the problems that the view's rules may raise."""
        return lambda view: operations.annotate(view, problems=codes)

    def leads_to(
        self, *following: str, **parameters: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Document which operations may come next, and where their parameters are."""
        links = {
            operation: {"operationId": operation, "parameters": parameters}
            for operation in following
        }
        return lambda view: operations.annotate(view, links=links)

    @staticmethod
    def _complete(
        operation: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        contract = info["contract"]
        operations.complete(operation, contract)
        name = contract["operation"]
        put = f"put_{name.partition('_')[2]}"
        operation["operationId"] = put if method == "put" else name
        operation["security"] = contract["access"].security()
        told = [info["docstring"].get("description"), contract["access"].remark()]
        info["docstring"]["description"] = "\n\n".join(filter(None, told))
        return operation


def _guard(
    view: Callable[..., Any], access: Access, *, any_query: bool
) -> Callable[..., Any]:
    """Check the access first, then reject a query or a body where none is read."""
    known = getattr(view, "_apidoc", {})
    parameters = known.get("arguments", {}).get("parameters", [])
    reads_query = any_query or any(one["in"] == "query" for one in parameters)
    problems = known.get("contract", {}).get("problems", [])
    reads_body = "unsupported-media-type" in problems

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        access.check()
        if not reads_query and request.args:
            faults = {name: [unknown(name, [])] for name in request.args}
            raise Invalid(faults, in_query=True)
        if not reads_body:
            reject_oversized()
        with access.confirmed():
            return view(*args, **kwargs)

    return operations.annotate(guarded, operation=view.__name__)


class Api(flask_smorest.Api):
    """The OpenAPI 3.1 document of an app, and the registry of its blueprints."""

    DEFAULT_ERROR_RESPONSE_NAME = ""

    def __init__(self, app: Flask, *, server: str) -> None:
        self.undescribed: list[flask_smorest.Blueprint] = []
        self.lock = Lock()
        app.url_map.converters["id"] = IdConverter
        app.url_map.strict_slashes = False
        app.url_map.merge_slashes = False
        super().__init__(
            app,
            spec_kwargs={
                "title": "taskapi",
                "version": VERSION,
                "openapi_version": "3.1.0",
                "marshmallow_plugin": Plugin(),
                "info": {"description": introduction.TEXT, "license": LICENSE},
                "servers": [{"url": server}],
                "security": [{name: []} for name in ("bearer", "password")],
            },
        )

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        """Serve its operations now; describe them when the document is asked for."""
        known = self._app.extensions["flask-smorest"]["blp_name_to_api"]
        known[blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self.undescribed.append(blueprint)

    @property
    def spec(self) -> APISpec:
        """The document; the first who asks for it waits until all is described."""
        with self.lock:
            while self.undescribed:
                self._describe(self.undescribed.pop(0))
        return self._spec

    @spec.setter
    def spec(self, spec: APISpec) -> None:
        self._spec = spec

    def _describe(self, blueprint: flask_smorest.Blueprint) -> None:
        name = blueprint.name
        blueprint.register_views_in_doc(
            self, self._app, self._spec, name=name, parameters=None
        )
        self._spec.tag({"name": name, "description": blueprint.description})

    def _register_responses(self) -> None:
        operations.add_components(self.spec)
        self.register_converter(IdConverter, _describe_id)

    def _register_error_handlers(self) -> None:
        """Leave errors to `web.problems`."""

    def _register_etag_headers(self) -> None:
        """Leave conditional requests to `web.conditional`."""

    def _register_pagination_header(self) -> None:
        """Leave paging to `web.pages`."""


def _describe_id(_converter: IdConverter) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
