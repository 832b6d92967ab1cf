"""Requests for letters, and tokens that come back, in JSON."""

from taskapi.passwords import MIN_LENGTH
from taskapi.users.schemas import OTHER_SAMPLE, Password, email
from taskapi.web.fields import Text
from taskapi.web.schema import Schema

TOKEN_LENGTH = 100


def token() -> Text:
    """Return a field for the token of a letter."""
    about = {"description": "The token of the letter."}
    return Text(low=1, high=TOKEN_LENGTH, required=True, metadata=about)


class EmailRequestSchema(Schema):
    """Where the letter goes."""

    email = email(required=True)


class PasswordResetSchema(Schema):
    """The token of the letter, and the password from now on."""

    token = token()
    new_password = Password(low=MIN_LENGTH, required=True, shown=OTHER_SAMPLE)


class EmailVerificationSchema(Schema):
    """The token of the letter."""

    token = token()
