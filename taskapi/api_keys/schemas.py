"""JSON schemas of API keys."""

from taskapi.api_keys.key_format import KEY_LENGTH
from taskapi.api_keys.models import NAME_LENGTH, PREFIX_LENGTH
from taskapi.scopes import Scope
from taskapi.web.fields import Choice, Integer, Several, Text, Timestamp
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema
from taskapi.web.validators import Length


class ApiKeySchema(Schema):
    """An API key, without its secret part."""

    id = Integer(dump_only=True, low=1)
    name = Text(
        low=1,
        high=NAME_LENGTH,
        required=True,
        metadata={"examples": ["Backup script"]},
    )
    prefix = Text(
        high=PREFIX_LENGTH, dump_only=True, metadata={"examples": ["3f9a1c07"]}
    )
    scopes = Several(Choice(Scope), validate=Length(min=1, max=len(Scope)))
    project_id = Integer(
        low=1,
        allow_none=True,
        metadata={
            "description": "The only project that the key reaches; `null`: all that "
            "you are a member of, also those that you join later. Requires scopes of "
            "tasks.",
            "examples": [None],
        },
    )
    expires_at = Timestamp(
        allow_none=True,
        metadata={"description": "The time at which the key expires; `null`: never."},
    )
    last_used_at = Timestamp(
        dump_only=True,
        allow_none=True,
        metadata={"description": "Precise to five minutes."},
    )
    created_at = Timestamp(dump_only=True)


class ApiKeyCreatedSchema(ApiKeySchema):
    """A new API key, with the key itself, which is not returned again."""

    api_key = Text(
        high=KEY_LENGTH, dump_only=True, metadata={"examples": ["tsk_3f9a1c07_..."]}
    )


class ApiKeyUpdateSchema(Schema):
    """The fields of an API key that can change; it can only expire sooner."""

    resource = ApiKeySchema

    name = Text(low=1, high=NAME_LENGTH, metadata={"examples": ["Old script"]})
    expires_at = Timestamp(
        allow_none=True,
        metadata={
            "description": "Only sooner than before; `null` only if it is `null`.",
            "examples": ["2036-12-24T18:00:00Z"],
        },
    )


ApiKeyPageSchema = page_of(ApiKeySchema)
