"""What comes in: strict JSON, forms and query strings."""

from functools import lru_cache
from typing import Any, NoReturn

import orjson
from flask import Request, Response, request
from flask.json.provider import JSONProvider
from marshmallow import RAISE, ValidationError
from marshmallow import Schema as AnySchema
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from taskapi.errors import FieldError, Invalid
from taskapi.web.problems import FORM
from taskapi.web.query_fields import Repeated
from taskapi.web.receiving import reject_oversized
from taskapi.web.strict_json import parse_json

JSON_TYPES = {"application/json", "application/merge-patch+json"}
LONGEST_KEPT = 200
OAUTH_EXTRAS = {"grant_type", "scope", "client_id", "client_secret"}


class Parser(FlaskParser):
    """webargs with our rules: media types, unknown names, repeats, strict JSON."""

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
        """Return what was sent, checked; what a query means is found once."""
        query = request.query_string
        if options.get("location") != "query" or len(query) > LONGEST_KEPT:
            return super().parse(argmap, *args, **options)
        return dict(_meaning(argmap, query))

    def load_json(self, req: Request, schema: AnySchema) -> Any:
        """Return the JSON document of the body; an absent body is an empty object."""
        body = read_body(req)
        if not body and (_is_optional(schema) or not req.mimetype):
            return {}
        if req.mimetype not in JSON_TYPES:
            _refuse_type(f"Send the body as {' or '.join(sorted(JSON_TYPES))}.")
        return parse_json(body)

    def load_form(self, req: Request, _schema: AnySchema) -> Any:
        """Return the fields of a form (RFC 6749 sends its token requests so)."""
        read_body(req)
        if req.mimetype != FORM:
            _refuse_type(f"Send the body as {FORM}.")
        return _single(req.form, in_query=False)

    def load_login(self, req: Request, schema: AnySchema) -> Any:
        """Return JSON or an OAuth 2.0 form, without what the form need not say."""
        if req.mimetype != FORM:
            return self.load_json(req, schema)
        fields = self.load_form(req, schema)
        return {k: v for k, v in fields.items() if k not in OAUTH_EXTRAS}

    def load_querystring(self, req: Request, schema: AnySchema) -> Any:
        """Return the query parameters; lists may come in pieces, all others once."""
        fields, given = schema.load_fields, req.args
        lists: dict[str, Any] = {
            name: ",".join(values) if isinstance(field, DelimitedList) else values
            for name, values in given.lists()
            if isinstance(field := fields.get(name), Repeated | DelimitedList)
        }
        single = MultiDict(i for i in given.items(multi=True) if i[0] not in lists)
        return _single(single, in_query=True) | lists

    def handle_error(
        self, error: ValidationError, req: Request, schema: AnySchema, **more: Any
    ) -> NoReturn:
        """Refuse with all faults of the location at once."""
        ((location, faults),) = error.messages_dict.items()
        faults = faults if isinstance(faults, dict) else {None: faults}
        raise Invalid(faults, in_query=location == "query") from error


PARSER = Parser()


@lru_cache(maxsize=1024)
def _meaning(schema: AnySchema, _query: bytes) -> dict[str, Any]:
    """Return what the query of this request means; it is the same for each caller."""
    meant: dict[str, Any] = FlaskParser.parse(PARSER, schema, location="query")
    return meant


def _single(values: MultiDict[str, str], *, in_query: bool) -> dict[str, Any]:
    repeated = [name for name, given in values.lists() if len(given) > 1]
    if repeated:
        fault = FieldError("This is given more than once.", "repeated")
        raise Invalid({name: [fault] for name in repeated}, in_query=in_query)
    return values.to_dict()


def read_body(req: Request) -> bytes:
    """Return the whole body, or reject it; `web.receiving` has read it."""
    if req.content_encoding:
        _refuse_type("Send the body without Content-Encoding.")
    reject_oversized()
    return req.get_data()


def _is_optional(schema: AnySchema) -> bool:
    """Return whether the fields of a body may all be absent."""
    required = any(field.required for field in schema.load_fields.values())
    return bool(schema.partial) or not required


def _refuse_type(sentence: str) -> NoReturn:
    raise UnreadableType(sentence)


class UnreadableType(UnsupportedMediaType):
    """The body is in no form that the operation reads; the sentence is ours to show."""


class Json(JSONProvider):
    """orjson for what goes out."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Write a document."""
        return self._write(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read a document."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with a document."""
        body = self._write(self._prepare_response_obj(args, kwargs))
        return Response(body, mimetype="application/json")

    @staticmethod
    def _write(obj: Any) -> bytes:
        return orjson.dumps(obj, option=orjson.OPT_UTC_Z)
