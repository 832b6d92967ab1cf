"""Blueprints whose operations require login by default, and the API that they form.

The decorator `route` gives an operation its path, its access policy and its entry in
the OpenAPI document. Requests are checked in this order: caller, rate limit, query,
body.
"""

from functools import wraps
from threading import Lock
from typing import Any

import flask_smorest
from apispec import APISpec
from flask import Flask, g, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from taskapi import errors
from taskapi.scopes import Scope
from taskapi.typing import JsonObject
from taskapi.web import examples
from taskapi.web.authentication import AccessPolicy
from taskapi.web.openapi import conversion, introduction, operations
from taskapi.web.openapi.operations import Decorator, View
from taskapi.web.parsing import PARSER
from taskapi.web.schema import Schema, unknown_field
from taskapi.web.validators import MAX_ID

VERSION = "0.1.0"
PREFIX = "/api/v1"
LICENSE = {"name": "MIT", "identifier": "MIT"}
MARKS = ("ends_caller", "accepts_restricted")


class IdConverter(BaseConverter):
    """An id in a path: a positive 64-bit integer in ASCII digits."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """Return the id; raises NotFound beyond 64 bits."""
        if int(value) > MAX_ID:
            raise NotFound
        return int(value)


class Blueprint(flask_smorest.Blueprint):
    """The operations of a feature, by default under `/api/v1`."""

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
        accepts_keys: bool = False,
    ) -> None:
        super().__init__(name, name, url_prefix=prefix, description=description)
        self.limit = limit
        self.accepts_keys = accepts_keys
        self._prepare_doc_cbks.append(self._complete_operation)

    def route(  # type: ignore[override]  # Flask's returns the type of the view
        self,
        rule: str,
        *,
        public: bool = False,
        scope: Scope | None = None,
        limit: str = "",
        any_query: bool = False,
        **options: Any,
    ) -> Decorator:
        """Register a view for sessions, and for API keys with the scope.

        Query parameters that the view does not declare are rejected, or ignored with
        `any_query`. The option `ends_caller` marks operations that may end the
        caller's own credentials, and `accepts_restricted` those for sessions that
        concern one project.
        """
        marks = {name: options.pop(name, False) for name in MARKS}
        limit = limit or self.limit
        policy = AccessPolicy(public, scope, self.accepts_keys, limit, **marks)
        problems = [
            *policy.problems(),
            "bad-request" if any_query else "validation-error",
            *(["not-found"] if "<" in rule else []),
            "internal-error",
        ]
        headers = [] if public else ["Server-Timing"]
        path = f"{self.url_prefix}{rule}"

        def register(view: View) -> View:
            guarded = _guard(view, policy, any_query=any_query)
            operations.annotate(
                guarded, problems=problems, headers=headers, access=policy, path=path
            )
            parameters = operations.path_parameters(rule)
            document = super(Blueprint, self).route
            return document(rule, parameters=parameters, **options)(guarded)

        return register

    def arguments(
        self, schema: Any, *, location: str = "json", **options: Any
    ) -> Decorator:
        """Pass the validated body, form or query to the view."""
        instance: Schema = schema() if isinstance(schema, type) else schema
        loader = instance.for_input()
        is_required = any(field.required for field in loader.load_fields.values())
        example = {} if location == "query" else {"example": examples.of(loader)}
        parse = super().arguments(
            loader,
            location=location,
            required=is_required and not loader.partial,
            **example,
            **options,
        )
        return lambda view: operations.annotate_location(parse(view), location)

    def problems(self, *codes: str, **members: object) -> Decorator:
        """Document the problems that the service function may raise.

        `members` are the extension members of their examples.
        """
        return lambda view: operations.annotate(view, problems=codes, members=members)

    @staticmethod
    def _complete_operation(
        operation: dict[str, Any], info: dict[str, Any], *, method: str, **_: object
    ) -> dict[str, Any]:
        contract = info["contract"]
        operations.complete(operation, contract)
        name, text = contract["operation"], info["docstring"]
        if method == "put":  # PUT and PATCH share a view
            name = name.replace("update_", "replace_")
            text["summary"] = text["summary"].replace("Update", "Replace")
        operation["operationId"] = name
        policy: AccessPolicy = contract["access"]
        operation["security"] = policy.security()
        parts = [text.get("description"), policy.description()]
        text["description"] = "\n\n".join(filter(None, parts))
        return operation


def _guard(view: View, policy: AccessPolicy, *, any_query: bool) -> View:
    """Check the access policy, then reject a query or a body that is not declared."""
    apidoc = getattr(view, "_apidoc", {})
    parameters = apidoc.get("arguments", {}).get("parameters", [])
    reads_query = any_query or any(one["in"] == "query" for one in parameters)
    problems = apidoc.get("contract", {}).get("problems", [])
    reads_body = "unsupported-media-type" in problems

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> object:
        policy.check()
        if not reads_query and request.args:
            unknown = {name: [unknown_field(name, [])] for name in request.args}
            raise errors.Invalid(unknown, in_query=True)
        if not reads_body and g.oversized:
            raise RequestEntityTooLarge
        try:
            response = view(*args, **kwargs)
        except errors.NotFound:
            policy.confirm()
            raise
        if not policy.ends_caller:
            policy.confirm()
        return response

    return operations.annotate(guarded, operation=view.__name__)


class Api(flask_smorest.Api):
    """The blueprints of an app and their OpenAPI 3.1 document.

    The document is built when it is first requested: building it takes longer than
    all the rest of the start.
    """

    DEFAULT_ERROR_RESPONSE_NAME = ""

    def __init__(self, app: Flask, *, server: str) -> None:
        self.undocumented: list[flask_smorest.Blueprint] = []
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
                "marshmallow_plugin": conversion.Plugin(),
                "info": {"description": introduction.TEXT, "license": LICENSE},
                "servers": [{"url": server}],
                "security": [{name: []} for name in ("bearer", "password")],
            },
        )

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        """Register the operations, and postpone their documentation."""
        apis = self._app.extensions["flask-smorest"]["blp_name_to_api"]
        apis[blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self.undocumented.append(blueprint)

    @property
    def spec(self) -> APISpec:
        """The complete document; concurrent requests wait until it is built."""
        with self.lock:
            while self.undocumented:
                self._document(self.undocumented.pop(0))
        return self._spec

    @spec.setter
    def spec(self, spec: APISpec) -> None:
        self._spec = spec

    def _document(self, blueprint: flask_smorest.Blueprint) -> None:
        name = blueprint.name
        blueprint.register_views_in_doc(
            self, self._app, self._spec, name=name, parameters=None
        )
        self._spec.tag({"name": name, "description": blueprint.description})

    def _register_responses(self) -> None:
        operations.add_components(self.spec)
        self.register_converter(IdConverter, _describe_id)

    def _register_error_handlers(self) -> None:
        """Register none: `web.problems` handles errors."""

    def _register_etag_headers(self) -> None:
        """Register none: `web.conditional` handles entity tags."""

    def _register_pagination_header(self) -> None:
        """Register none: `web.pagination` handles pages."""


def _describe_id(_converter: IdConverter) -> JsonObject:
    return {"type": "integer", "format": "int64", "minimum": 1, "examples": [7]}
