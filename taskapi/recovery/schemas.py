"""Schemas of requests for emails, and of the tokens in them."""

from taskapi.passwords import MIN_LENGTH
from taskapi.users.schemas import NEW_EXAMPLE, Password, email
from taskapi.web.fields import Text
from taskapi.web.schema import Schema

TOKEN_LENGTH = 100


def token() -> Text:
    """Return a field for the token of an email."""
    metadata = {"description": "The token in the email."}
    return Text(low=1, high=TOKEN_LENGTH, required=True, metadata=metadata)


class EmailRequestSchema(Schema):
    """The address that the email is sent to."""

    email = email(required=True)


class PasswordResetSchema(Schema):
    """The token in the email, and the new password."""

    token = token()
    new_password = Password(low=MIN_LENGTH, required=True, example=NEW_EXAMPLE)


class EmailVerificationSchema(Schema):
    """The token in the email."""

    token = token()
