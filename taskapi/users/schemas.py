"""Accounts in JSON."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import FieldError
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.passwords import MAX_LENGTH, MIN_LENGTH, normalize
from taskapi.users import models
from taskapi.users.models import fold
from taskapi.web.fields import (
    MAX_SHRINKAGE,
    Choice,
    Integer,
    Length,
    Text,
    Timestamp,
)
from taskapi.web.schema import Schema

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL = (  # no =?, which begins an encoded word: mail programs decode it (RFC 2047)
    r"^(?!.*=\?)"
    rf"(?=.{{1,64}}@){ATOM}(\.{ATOM})*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
)
USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,49}$"
SAMPLE = "correct horse battery staple"
OTHER_SAMPLE = "a long walk in the rain"
TIMEZONES = available_timezones() - {"localtime"}


def email(**options: Any) -> Text:
    """Return an email field: ASCII, with dots between atoms and a dotted domain.

    Encoded words are rejected: they would lead to another mailbox than they name.
    """
    about = {"format": "email", "examples": ["ann@example.org"]}
    return Text(
        low=3,
        high=EMAIL_LENGTH,
        clean=fold,
        pattern=EMAIL,
        metadata=about,
        **options,
    )


def username(**options: Any) -> Text:
    """Return a username field."""
    about = {"description": "OutgoingEmail case does not count.", "examples": ["ann"]}
    return Text(
        low=3,
        high=models.USERNAME_LENGTH,
        clean=fold,
        pattern=USERNAME,
        metadata=about,
        **options,
    )


def full_name() -> Text:
    """Return a field for the name of a person."""
    about = {"examples": ["Ann Lee"]}
    return Text(high=models.FULL_NAME_LENGTH, allow_none=True, metadata=about)


class NormalizedLength(Length):
    """The length of a password in the form that is hashed."""

    def __call__(self, value: Any) -> Any:
        """Measure it; what is much too long takes long to normalize."""
        much_too_long = len(value) > MAX_LENGTH * MAX_SHRINKAGE
        super().__call__(value if much_too_long else normalize(value))
        return value


class Password(Text):
    """A password, loaded as sent: older hashes were made of that. Never returned."""

    def __init__(
        self, *, low: int = 1, shown: str = SAMPLE, required: bool = False
    ) -> None:
        super().__init__(
            high=MAX_LENGTH,
            trim=False,
            lines=True,
            load_only=True,
            required=required,
            metadata={"format": "password", "examples": [shown]},
        )
        self.limits = NormalizedLength(min=low, max=MAX_LENGTH)
        self.validators = [self.limits]


class Timezone(Text):
    """An IANA time zone name."""

    def __init__(self, **options: Any) -> None:
        about = {"format": "timezone", "examples": ["Europe/Berlin"]}
        high = models.TIMEZONE_LENGTH
        super().__init__(high=high, metadata=about, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, *args, **kwargs)
        if name not in TIMEZONES:
            hint = "Such as UTC or Europe/Berlin."
            raise ValidationError(FieldError("Not an IANA time zone.", "choice", hint))
        return name


class UserSchema(Schema):
    """An account; `current_password` is asked for when the email changes."""

    example_omits: ClassVar[set[str]] = {"email", "username", "current_password"}

    id = Integer(dump_only=True, low=1)
    email = email(allow_none=True)
    username = username(allow_none=True)
    full_name = full_name()
    role = Choice(models.Role, dump_only=True)
    is_active = fields.Boolean(dump_only=True)
    email_verified = fields.Boolean(dump_only=True)
    timezone = Timezone()
    version = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)
    current_password = Password()


class UserCreateSchema(Schema):
    """A new account: a password, and an email, a username or both."""

    # not `anyOf` of the names: client generators know no type for a body with that
    json_schema: ClassVar[dict[str, Any]] = {"minProperties": 2}

    email = email()
    username = username()
    password = Password(low=MIN_LENGTH, required=True)
    full_name = full_name()
    timezone = Timezone()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def has_name(self, _data: Any, given: dict[str, Any], **_: Any) -> None:
        """Ask for one of the two names."""
        if isinstance(given, dict) and not {"email", "username"} & set(given):
            raise ValidationError(
                FieldError("Give an email or a username.", "required")
            )


class AccountDeletionSchema(Schema):
    """The password, asked for once more before an account goes."""

    password = Password(required=True)
