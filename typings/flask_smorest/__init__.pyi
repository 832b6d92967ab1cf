"""The part of flask-smorest that taskapi uses; the library ships no types."""

from collections.abc import Callable
from typing import Any

import flask
from apispec import APISpec
from marshmallow import Schema
from webargs.core import Parser

_View = Callable[..., Any]
_Decorator = Callable[[_View], _View]

class Blueprint(flask.Blueprint):
    ARGUMENTS_PARSER: Parser[Any]
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: dict[str, str]
    _prepare_doc_cbks: list[Callable[..., dict[str, Any]]]
    description: str

    def __init__(
        self, name: str, import_name: str, *, url_prefix: str, description: str
    ) -> None: ...
    def arguments(
        self, schema: Schema | type[Schema], *, location: str = ..., **options: Any
    ) -> _Decorator: ...
    def response(
        self,
        status_code: int,
        schema: Schema | type[Schema] | None = ...,
        *,
        content_type: str | None = ...,
        description: str | None = ...,
        headers: dict[str, Any] | None = ...,
    ) -> _Decorator: ...
    def alt_response(
        self,
        status_code: int,
        *,
        schema: Schema | type[Schema] | dict[str, Any] | None = ...,
        content_type: str | None = ...,
        description: str | None = ...,
        example: Any = ...,
        headers: dict[str, Any] | None = ...,
    ) -> _Decorator: ...
    def register_views_in_doc(
        self,
        api: Api,
        app: flask.Flask,
        spec: APISpec,
        *,
        name: str,
        parameters: list[Any] | None,
    ) -> None: ...
    @staticmethod
    def doc(**documentation: Any) -> _Decorator: ...
    def route(  # type: ignore[override]
        self, rule: str, *, public: bool = ..., **options: Any
    ) -> _Decorator: ...

class Api:
    DEFAULT_ERROR_RESPONSE_NAME: str
    _app: flask.Flask

    def __init__(self, app: flask.Flask, *, spec_kwargs: dict[str, Any]) -> None: ...
    def register_converter(
        self, converter: type, describe: Callable[[Any], dict[str, Any]]
    ) -> None: ...
