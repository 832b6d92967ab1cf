"""Logins and tokens in JSON and in OAuth 2.0 forms."""

from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validates_schema

from taskapi.auth.models import IP_LENGTH, USER_AGENT_LENGTH
from taskapi.errors import FieldError, Invalid
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.passwords import MIN_LENGTH
from taskapi.users.models import fold
from taskapi.users.schemas import OTHER_SAMPLE, Password
from taskapi.web.fields import (
    MAX_SHORT,
    Choice,
    Count,
    Flag,
    Integer,
    OneOf,
    Text,
    Timestamp,
)
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema

TOKEN_LENGTH = 2048
SHOWN_TOKEN = {"examples": ["eyJhbGciOiJIUzI1NiIs..."]}


def login_name(description: str) -> Text:
    """Return a field for the name of an account."""
    about = {"description": description, "examples": ["ann@example.org"]}
    return Text(low=1, high=EMAIL_LENGTH, clean=fold, metadata=about)


def refresh_token(**options: Any) -> Text:
    """Return a field for a refresh token, taken exactly as sent."""
    about = SHOWN_TOKEN
    return Text(
        low=1, high=TOKEN_LENGTH, trim=False, lines=True, metadata=about, **options
    )


class LoginRequestSchema(Schema):
    """An email or a username, and the password."""

    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 2, "maxProperties": 2}
    example_omits: ClassVar[set[str]] = {"username"}

    email = login_name("Instead of `username`.")
    username = login_name("The username, or the email.")
    password = Password(required=True)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def has_one_name(self, _data: Any, given: dict[str, Any], **_: Any) -> None:
        """Ask for exactly one of the two names."""
        names = {"email", "username"}
        if isinstance(given, dict) and len(names & set(given)) != 1:
            raise ValidationError(
                FieldError("Give email or username, not both.", "required")
            )


class RefreshRequestSchema(Schema):
    """The refresh token that came with the last answer."""

    refresh_token = refresh_token(required=True)


class Grant(StrEnum):
    """What a token may be asked for with."""

    PASSWORD = "password"  # noqa: S105 - the name that RFC 6749 gives the grant
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - likewise


NEEDED = {
    Grant.PASSWORD: ("username", "password"),
    Grant.REFRESH_TOKEN: ("refresh_token",),
}


class TokenRequestSchema(Schema):
    """A token request of OAuth 2.0 (RFC 6749, sections 4.3 and 6)."""

    example_omits: ClassVar[set[str]] = {
        "refresh_token",
        "scope",
        "client_id",
        "client_secret",
    }

    grant_type = Choice(Grant, required=True)
    username = login_name("The username or the email, for grant_type password.")
    password = Password()
    refresh_token = refresh_token()
    scope = Text(high=200, metadata={"description": "Not used."})
    client_id = Text(high=200, metadata={"description": "Not used."})
    client_secret = Text(high=200, metadata={"description": "Not used."})

    @validates_schema(skip_on_field_errors=True)
    def has_grant(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for what the grant needs."""
        missing = [n for n in NEEDED[data["grant_type"]] if n not in data]
        if missing:
            fault = FieldError("Needed for this grant_type.", "required")
            raise ValidationError({name: [fault] for name in missing})

    def handle_error(self, error: ValidationError, data: Any, **options: Any) -> None:
        """Say of an unknown grant what RFC 6749 says (section 5.2)."""
        super().handle_error(error, data, **options)
        if data.get("grant_type", Grant.PASSWORD) not in list(Grant):
            faults = error.messages_dict
            raise Invalid(faults, error="unsupported_grant_type") from error


class LogoutRequestSchema(Schema):
    """Which sessions to end."""

    everywhere = Flag(
        data_key="all",
        load_default=False,
        metadata={"description": "End all of your sessions."},
    )


class PasswordChangeSchema(Schema):
    """The password now, and the one from now on."""

    current_password = Password(required=True)
    new_password = Password(low=MIN_LENGTH, required=True, shown=OTHER_SAMPLE)


class SessionSchema(Schema):
    """A login, and where it was begun."""

    id = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    last_used_at = Timestamp(
        dump_only=True, metadata={"description": "Exact to five minutes."}
    )
    expires_at = Timestamp(
        dump_only=True,
        metadata={
            "description": "When it ends without a refresh.",
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
        dump_only=True, metadata={"description": "This session asks."}
    )


SessionPageSchema = page_of(SessionSchema)


class TokenResponseSchema(Schema):
    """The token answer of OAuth 2.0 (RFC 6749, section 5.1)."""

    access_token = Text(high=TOKEN_LENGTH, metadata=SHOWN_TOKEN)
    refresh_token = Text(high=TOKEN_LENGTH, metadata=SHOWN_TOKEN)
    token_type = fields.String(validate=OneOf(["bearer"]))
    expires_in = Count(
        high=MAX_SHORT,
        metadata={
            "description": "Seconds that the access token lives.",
            "minimum": 1,
            "examples": [1800],
        },
    )
