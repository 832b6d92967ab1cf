"""API keys in JSON."""

from marshmallow import fields

from taskapi.keys.models import NAME_LENGTH
from taskapi.scopes import Scope
from taskapi.web.fields import Choice, Integer, Length, Moment, Several, Text
from taskapi.web.pages import page_of
from taskapi.web.schema import Schema


class ApiKeySchema(Schema):
    """An API key, without its secret part."""

    id = Integer(dump_only=True, low=1)
    name = Text(low=1, high=NAME_LENGTH, required=True)
    prefix = fields.String(dump_only=True, metadata={"examples": ["3f9a1c07"]})
    scopes = Several(
        Choice(Scope),
        validate=Length(min=1, max=len(Scope)),
        metadata={"uniqueItems": True},
    )
    expires_at = Moment(allow_none=True, metadata={"description": "null: never."})
    last_used_at = Moment(
        dump_only=True,
        allow_none=True,
        metadata={"description": "Exact to five minutes."},
    )
    created_at = Moment(dump_only=True)


class NewApiKeySchema(ApiKeySchema):
    """A key that was just made, with its text, which is never shown again."""

    api_key = fields.String(dump_only=True)


class ApiKeyChangeSchema(Schema):
    """What of a key can change: its name, and its end when that comes sooner."""

    name = Text(low=1, high=NAME_LENGTH)
    expires_at = Moment()


ApiKeyPageSchema = page_of(ApiKeySchema)
