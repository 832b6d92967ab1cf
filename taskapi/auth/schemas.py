"""Logins and tokens in JSON and in OAuth 2.0 forms."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import Fault
from taskapi.users.models import EMAIL_LENGTH
from taskapi.users.schemas import fold, password
from taskapi.web.fields import Flag, OneOf, Text
from taskapi.web.schema import Schema

TOKEN_LENGTH = 2048


def login_name(description: str) -> Text:
    """Return a field for the name of an account."""
    about = {"description": description}
    return Text(low=1, high=EMAIL_LENGTH, clean=fold, metadata=about)


def refresh_token(**options: Any) -> Text:
    """Return a field for a refresh token, taken exactly as sent."""
    return Text(low=1, high=TOKEN_LENGTH, trim=False, lines=True, **options)


class LoginSchema(Schema):
    """An email or a username, and the password."""

    email = login_name("Instead of `username`.")
    username = login_name("The username, or the email.")
    password = password(required=True)

    @validates_schema
    def has_one_name(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for exactly one of the two names."""
        if len({"email", "username"} & set(data)) != 1:
            raise ValidationError(
                Fault("Give email or username, not both.", "required")
            )


class RefreshSchema(Schema):
    """The refresh token that came with the last answer."""

    refresh_token = refresh_token(required=True)


class GrantSchema(Schema):
    """A token request of OAuth 2.0 (RFC 6749, sections 4.3 and 6)."""

    grant_type = fields.String(
        required=True, validate=OneOf(["password", "refresh_token"])
    )
    username = login_name("The username or the email, for grant_type password.")
    password = password()
    refresh_token = refresh_token()
    scope = Text(high=200, metadata={"description": "Not used."})
    client_id = Text(high=200, metadata={"description": "Not used."})
    client_secret = Text(high=200, metadata={"description": "Not used."})

    @validates_schema
    def has_grant(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for what the grant needs."""
        needed = {
            "password": ("username", "password"),
            "refresh_token": ("refresh_token",),
        }
        missing = [
            n for n in needed.get(data.get("grant_type", ""), ()) if n not in data
        ]
        if missing:
            fault = Fault("Needed for this grant_type.", "required")
            raise ValidationError({name: [fault] for name in missing})


class LogoutSchema(Schema):
    """Which sessions to end."""

    everywhere = Flag(
        data_key="all",
        load_default=False,
        metadata={"description": "End all of your sessions."},
    )


class TokensSchema(Schema):
    """The token answer of OAuth 2.0 (RFC 6749, section 5.1)."""

    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.String(metadata={"examples": ["bearer"]})
    expires_in = fields.Integer(
        metadata={"description": "Seconds that the access token lives.", "minimum": 1}
    )
