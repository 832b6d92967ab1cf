"""Reading and parsing of requests (JSON, forms, query strings), and the JSON provider.

A request is processed only after its body is complete. The caller is looked up after
the last byte has arrived, so a slow body occupies no database connection, and
credentials that end during the upload are rejected.
"""

from functools import lru_cache
from typing import Any, NoReturn

import orjson
from flask import Flask, Request, Response, g, request
from flask.json.provider import JSONProvider
from marshmallow import RAISE, ValidationError
from marshmallow import Schema as AnySchema
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser
from werkzeug import exceptions
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from taskapi.errors import FieldError, Invalid
from taskapi.server.wire import Unparsed
from taskapi.typing import Fields
from taskapi.web.problems import FORM, problem_response
from taskapi.web.query_fields import Repeated
from taskapi.web.strict_json import parse_json

JSON_TYPES = ("application/json", "application/merge-patch+json")
MAX_BYTES = 1024 * 1024
MAX_CACHED_QUERY = 200
OAUTH_EXTRAS = {"grant_type", "scope", "client_id", "client_secret"}


class Incomplete(exceptions.BadRequest):
    """Fewer bytes arrived than announced, or the chunks are malformed."""

    description = (
        "The body is incomplete or its chunks are malformed, so nothing was changed. "
        "Send the whole request again."
    )


def init_app(app: Flask) -> None:
    """Read each request before it is routed."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.before_request(_receive)


def _receive() -> Response | None:
    """Read the body, or return the problem of a request that the server cannot parse.

    A body that is too large is rejected later, after the credentials. Raises
    Incomplete.
    """
    stream = request.input_stream
    if isinstance(stream, Unparsed):
        return problem_response(stream.code, stream.detail)
    coding = request.headers.get("Transfer-Encoding")
    if coding is not None and coding.strip().lower() != "chunked":
        raise exceptions.NotImplemented
    size = announced = request.content_length or 0
    if (coding is not None or announced) and announced <= MAX_BYTES:
        request.max_content_length = MAX_BYTES + 1  # Werkzeug reads no further
        try:
            size = len(request.get_data())
        except Exception as error:  # each WSGI server raises its own errors
            raise Incomplete from error
    if size < announced:
        raise Incomplete
    g.oversized = size > MAX_BYTES
    return None


class Parser(FlaskParser):
    """webargs parser that checks media types, repeated names and strict JSON."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        "json": None,
        "form": None,
        "login": None,
        "query": RAISE,
    }
    __location_map__ = {
        **FlaskParser.__location_map__,
        "login": "load_login",
    }

    def parse(self, argmap: Any, *args: Any, **options: Any) -> Any:
        """Return the validated arguments; those of short query strings are cached."""
        query = request.query_string
        if options.get("location") != "query" or len(query) > MAX_CACHED_QUERY:
            return super().parse(argmap, *args, **options)
        return dict(_parse_query(argmap, query))

    def load_json(self, req: Request, schema: AnySchema) -> object:
        """Return the JSON of the body; an empty body may mean an empty object."""
        body = read_body(req)
        if not body and (_is_optional(schema) or not req.mimetype):
            return {}
        if req.mimetype not in JSON_TYPES:
            _reject_type(*(JSON_TYPES if req.method == "PATCH" else JSON_TYPES[:1]))
        return parse_json(body)

    def load_form(self, req: Request, _schema: AnySchema) -> Fields:
        """Return the fields of a form; RFC 6749 sends token requests as forms."""
        read_body(req)
        if req.mimetype != FORM:
            _reject_type(FORM)
        return _single(req.form, in_query=False)

    def load_login(self, req: Request, schema: AnySchema) -> object:
        """Return a JSON document, or an OAuth 2.0 form without its optional fields."""
        if req.mimetype != FORM:
            return self.load_json(req, schema)
        fields = self.load_form(req, schema)
        return {k: v for k, v in fields.items() if k not in OAUTH_EXTRAS}

    def load_querystring(self, req: Request, schema: AnySchema) -> Fields:
        """Return the query parameters; only those of lists may be repeated."""
        fields, arguments = schema.load_fields, req.args
        lists: Fields = {
            name: ",".join(values) if isinstance(field, DelimitedList) else values
            for name, values in arguments.lists()
            if isinstance(field := fields.get(name), Repeated | DelimitedList)
        }
        single = MultiDict(i for i in arguments.items(multi=True) if i[0] not in lists)
        return _single(single, in_query=True) | lists

    def handle_error(
        self, error: ValidationError, req: Request, schema: AnySchema, **more: object
    ) -> NoReturn:
        """Raise Invalid with all errors of the location."""
        ((location, errors),) = error.messages_dict.items()
        errors = errors if isinstance(errors, dict) else {None: errors}
        raise Invalid(errors, in_query=location == "query") from error


PARSER = Parser()


@lru_cache(maxsize=128)
def _parse_query(schema: AnySchema, _query: bytes) -> Fields:
    """Return the arguments of this request; equal query strings have equal ones."""
    arguments: Fields = FlaskParser.parse(PARSER, schema, location="query")
    return arguments


def _single(values: MultiDict[str, str], *, in_query: bool) -> Fields:
    repeated = [name for name, items in values.lists() if len(items) > 1]
    if repeated:
        error = FieldError("Must not be repeated.", "repeated")
        raise Invalid({name: [error] for name in repeated}, in_query=in_query)
    return values.to_dict()


def read_body(req: Request) -> bytes:
    """Return the body, which `_receive` has read; raises HTTPException."""
    if req.content_encoding:
        raise UnsupportedBody("Send the body without Content-Encoding.")
    if g.oversized:
        raise exceptions.RequestEntityTooLarge
    return req.get_data()


def _is_optional(schema: AnySchema) -> bool:
    """Return whether the fields of a body may all be absent."""
    required = any(field.required for field in schema.load_fields.values())
    return bool(schema.partial) or not required


def _reject_type(*accepted: str) -> NoReturn:
    headers = " or ".join(f"`Content-Type: {name}`" for name in accepted)
    raise UnsupportedBody(f"Send the header {headers}.")


class UnsupportedBody(UnsupportedMediaType):
    """A media type that the operation does not accept; clients see the description."""


class Json(JSONProvider):
    """JSON provider that serializes by orjson."""

    def dumps(self, obj: object, **_options: object) -> str:
        """Serialize a document."""
        return orjson.dumps(obj, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **_options: object) -> Any:
        """Parse a document."""
        return orjson.loads(s)

    def response(self, *args: object, **kwargs: object) -> Response:
        """Return a response with a document."""
        document = self._prepare_response_obj(args, kwargs)
        body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
        return Response(body, mimetype="application/json")
