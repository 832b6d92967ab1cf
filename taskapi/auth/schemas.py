"""Schemas of logins, tokens and sessions, in JSON and in OAuth 2.0 forms."""

from enum import StrEnum
from typing import Any, ClassVar, Unpack

from marshmallow import ValidationError, fields, validates_schema

from taskapi.auth.models import IP_LENGTH, USER_AGENT_LENGTH
from taskapi.errors import FieldError, Invalid
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.passwords import MIN_LENGTH
from taskapi.typing import Fields, JsonObject
from taskapi.users.models import fold
from taskapi.users.schemas import NEW_EXAMPLE, Password
from taskapi.web.field_options import Options, documented
from taskapi.web.fields import Choice, Count, Flag, Integer, Text, Timestamp
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema
from taskapi.web.validators import MAX_SHORT, OneOf

TOKEN_LENGTH = 2048
TOKEN_EXAMPLES = ["eyJhbGciOiJIUzI1NiIs..."]


def login_name(description: str) -> Text:
    """Return a field for the email or the username of an account."""
    metadata = {"description": description, "examples": ["ann@example.org"]}
    return Text(low=1, high=EMAIL_LENGTH, clean=fold, metadata=metadata)


def refresh_token(**options: Unpack[Options]) -> Text:
    """Return a field for a refresh token, which is not trimmed."""
    options = documented(options, examples=TOKEN_EXAMPLES)
    return Text(low=1, high=TOKEN_LENGTH, trim=False, lines=True, **options)


class LoginRequestSchema(Schema):
    """The email or username of an account, and its password."""

    json_schema: ClassVar[JsonObject] = {"minProperties": 2, "maxProperties": 2}
    example_omits: ClassVar[set[str]] = {"username"}

    email = login_name("The email. Send either `email` or `username`.")
    username = login_name("The username or the email.")
    password = Password(required=True)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def has_one_name(self, _data: object, sent: dict[str, object], **_: object) -> None:
        """Require exactly one of the two names."""
        names = {"email", "username"}
        if isinstance(sent, dict) and len(names & set(sent)) != 1:
            message = "Send either email or username, not both."
            raise ValidationError(FieldError(message, "required"))


class RefreshRequestSchema(Schema):
    """The refresh token of the latest token response."""

    refresh_token = refresh_token(required=True)


class GrantType(StrEnum):
    """Grant types of OAuth 2.0."""

    PASSWORD = "password"  # noqa: S105 - the name of the grant in RFC 6749
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - likewise


REQUIRED_FIELDS = {
    GrantType.PASSWORD: ("username", "password"),
    GrantType.REFRESH_TOKEN: ("refresh_token",),
}


class TokenRequestSchema(Schema):
    """A token request of OAuth 2.0 (RFC 6749, sections 4.3 and 6)."""

    example_omits: ClassVar[set[str]] = {
        "refresh_token",
        "scope",
        "client_id",
        "client_secret",
    }

    grant_type = Choice(GrantType, required=True)
    username = login_name("The username or the email, for grant_type password.")
    password = Password()
    refresh_token = refresh_token()
    scope = Text(high=200, metadata={"description": "Ignored."})
    client_id = Text(high=200, metadata={"description": "Ignored."})
    client_secret = Text(high=200, metadata={"description": "Ignored."})

    @validates_schema(skip_on_field_errors=True)
    def has_required_fields(self, data: Fields, **_: object) -> None:
        """Require the fields of the grant type."""
        missing = [n for n in REQUIRED_FIELDS[data["grant_type"]] if n not in data]
        if missing:
            message = "This field is required for this grant_type."
            error = FieldError(message, "required")
            raise ValidationError({name: [error] for name in missing})

    def handle_error(
        self, error: ValidationError, data: Any, *, many: bool, **options: object
    ) -> None:
        """Return `unsupported_grant_type` for an unknown grant (RFC 6749, 5.2)."""
        super().handle_error(error, data, many=many, **options)
        if data.get("grant_type", GrantType.PASSWORD) not in list(GrantType):
            errors = error.messages_dict
            raise Invalid(errors, error="unsupported_grant_type") from error


class LogoutRequestSchema(Schema):
    """The sessions to end."""

    everywhere = Flag(
        data_key="all",
        load_default=False,
        metadata={"description": "Whether to end all of your sessions."},
    )


class PasswordChangeSchema(Schema):
    """The current password and the new one."""

    current_password = Password(required=True)
    new_password = Password(low=MIN_LENGTH, required=True, example=NEW_EXAMPLE)


class SessionSchema(Schema):
    """A login session, and the client that logged in."""

    id = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    last_used_at = Timestamp(
        dump_only=True, metadata={"description": "Precise to five minutes."}
    )
    expires_at = Timestamp(
        dump_only=True,
        metadata={
            "description": "The end of the session unless it is refreshed.",
            "examples": ["2026-11-28T09:30:00Z"],
        },
    )
    ip = Text(
        high=IP_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"examples": ["203.0.113.7"]},
    )
    user_agent = Text(
        high=USER_AGENT_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"examples": ["curl/8.14.1"]},
    )
    current = fields.Boolean(
        dump_only=True,
        metadata={"description": "Whether this request belongs to the session."},
    )


SessionPageSchema = page_of(SessionSchema)


class TokenResponseSchema(Schema):
    """The token response of OAuth 2.0 (RFC 6749, section 5.1)."""

    access_token = Text(high=TOKEN_LENGTH, metadata={"examples": TOKEN_EXAMPLES})
    refresh_token = Text(high=TOKEN_LENGTH, metadata={"examples": TOKEN_EXAMPLES})
    token_type = fields.String(validate=OneOf(["bearer"]))
    expires_in = Count(
        high=MAX_SHORT,
        metadata={
            "description": "The lifetime of the access token in seconds.",
            "minimum": 1,
            "examples": [1800],
        },
    )
