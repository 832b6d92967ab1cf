"""JSON schemas of accounts."""

from typing import Any, ClassVar, Unpack
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validates_schema

from taskapi.errors import FieldError
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.passwords import MAX_LENGTH, MIN_LENGTH, normalize
from taskapi.typing import JsonObject
from taskapi.users import models
from taskapi.users.models import fold
from taskapi.web.field_options import Options, documented
from taskapi.web.fields import MAX_SHRINKAGE, Choice, Integer, Text, Timestamp
from taskapi.web.schema import Schema
from taskapi.web.validators import Length

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# "=?" begins an encoded word (RFC 2047): Python's email package decodes it, and the
# email would go to another mailbox than the stored one.
EMAIL = (
    r"^(?!.*=\?)"
    rf"(?=.{{1,64}}@){ATOM}(\.{ATOM})*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
)
USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
EXAMPLE = "correct horse battery staple"
NEW_EXAMPLE = "a long walk in the rain"
TIMEZONES = available_timezones() - {"localtime"}


def email(**options: Unpack[Options]) -> Text:
    """Return a field for an ASCII email address without encoded words."""
    options = documented(options, format="email", examples=["ann@example.org"])
    return Text(
        low=3,
        high=EMAIL_LENGTH,
        clean=fold,
        pattern=EMAIL,
        rule="Must be an ASCII email address, such as ann@example.org, of at most "
        f"{EMAIL_LENGTH} characters.",
        **options,
    )


def username(**options: Unpack[Options]) -> Text:
    """Return a field for a username."""
    options = documented(options, description="Case is ignored.", examples=["ann"])
    return Text(
        low=3,
        high=models.USERNAME_LENGTH,
        clean=fold,
        pattern=USERNAME,
        rule=f"Must be 3 to {models.USERNAME_LENGTH} ASCII letters, digits, dots, "
        "hyphens or underscores, and begin with a letter or a digit.",
        **options,
    )


def full_name() -> Text:
    """Return a field for the name of a person."""
    metadata = {"examples": ["Ann Lee"]}
    return Text(high=models.FULL_NAME_LENGTH, allow_none=True, metadata=metadata)


class NormalizedLength(Length):
    """Validator for the length of a password after normalization."""

    def __call__(self, value: Any) -> Any:
        """Validate the length; values that are far too long are not normalized."""
        is_far_too_long = len(value) > MAX_LENGTH * MAX_SHRINKAGE
        super().__call__(value if is_far_too_long else normalize(value))
        return value


class Password(Text):
    """A password: never returned, and loaded as sent.

    It is normalized later, since older hashes were computed from passwords as sent.
    """

    def __init__(
        self,
        *,
        low: int = 1,
        example: str = EXAMPLE,
        required: bool = False,
    ) -> None:
        super().__init__(
            high=MAX_LENGTH,
            trim=False,
            lines=True,
            load_only=True,
            required=required,
            metadata={"format": "password", "examples": [example]},
        )
        self.limits = NormalizedLength(min=low, max=MAX_LENGTH)
        self.validators = [self.limits]


class Timezone(Text):
    """An IANA time zone name."""

    def __init__(self, **options: Unpack[Options]) -> None:
        options = documented(options, format="timezone", examples=["Europe/Berlin"])
        super().__init__(high=models.TIMEZONE_LENGTH, **options)

    def parse(self, value: object) -> str:
        """Return the name of a time zone that exists."""
        name = super().parse(value)
        if name not in TIMEZONES:
            hint = "Use a name such as UTC or Europe/Berlin."
            message = "Must be an IANA time zone."
            raise ValidationError(FieldError(message, "choice", hint))
        return name


class UserSchema(Schema):
    """An account; changing the email requires `current_password`."""

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

    # Not `anyOf` with the two names: client generators then generate no type for the
    # body.
    json_schema: ClassVar[JsonObject] = {"minProperties": 2}

    email = email()
    username = username()
    password = Password(low=MIN_LENGTH, required=True)
    full_name = full_name()
    timezone = Timezone()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def has_name(self, _data: object, sent: dict[str, object], **_: object) -> None:
        """Require an email, a username or both."""
        if isinstance(sent, dict) and not {"email", "username"} & set(sent):
            message = "Send an email, a username or both."
            raise ValidationError(FieldError(message, "required"))


class AccountDeletionSchema(Schema):
    """The current password, which confirms the deletion of the account."""

    password = Password(required=True)
