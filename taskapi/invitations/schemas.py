"""JSON schemas of invitations."""

from typing import ClassVar, Unpack

from marshmallow import ValidationError, validates_schema

from taskapi.errors import FieldError
from taskapi.invitations.models import ADDRESSES, DEFAULT_DAYS, MAX_DAYS, TOKEN_LENGTH
from taskapi.projects.models import NAME_LENGTH, ProjectRole
from taskapi.typing import Fields
from taskapi.users.schemas import email, username
from taskapi.web.field_options import Options
from taskapi.web.fields import Choice, Integer, Text, Timestamp
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema
from taskapi.web.validators import Range


class Days(Integer):
    """The number of days in which an invitation can be accepted."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.validators = [Range(1, MAX_DAYS)]


class InvitationCreateSchema(Schema):
    """A new invitation: to a username, to an email, or with a token."""

    example_omits: ClassVar[set[str]] = {"email"}

    username = username()
    email = email()
    role = Choice(
        ProjectRole,
        load_default=ProjectRole.EDITOR,
        metadata={"description": "The role of the new member."},
    )
    expires_in_days = Days(
        load_default=DEFAULT_DAYS, metadata={"examples": [DEFAULT_DAYS]}
    )

    @validates_schema
    def validate_address(self, fields: Fields, **_: object) -> None:
        """Reject a username together with an email."""
        if all(name in fields for name in ADDRESSES):
            error = FieldError("Send a username or an email, not both.", "conflict")
            raise ValidationError({name: [error] for name in ADDRESSES})


class InvitationSchema(Schema):
    """An open invitation; without username and email it has a token."""

    id = Integer(dump_only=True, low=1)
    project_id = Integer(dump_only=True, low=1)
    role = Choice(
        ProjectRole, dump_only=True, metadata={"examples": [ProjectRole.EDITOR]}
    )
    username = username(dump_only=True, allow_none=True)
    email = email(dump_only=True, allow_none=True, metadata={"examples": [None]})
    invited_by = Integer(
        dump_only=True,
        allow_none=True,
        low=1,
        metadata={
            "description": "The id of the account that invites; null: deleted.",
            "examples": [1],
        },
    )
    expires_at = Timestamp(dump_only=True)
    created_at = Timestamp(dump_only=True)


class InvitationCreatedSchema(InvitationSchema):
    """A new invitation; one without an address has a token, not returned again."""

    optional: ClassVar[set[str]] = {"token"}

    token = Text(
        high=TOKEN_LENGTH, dump_only=True, metadata={"examples": ["mZ8xQ2v_..."]}
    )


class ReceivedInvitationSchema(InvitationSchema):
    """An invitation that is addressed to you."""

    project_name = Text(
        high=NAME_LENGTH, dump_only=True, metadata={"examples": ["Garden"]}
    )
    invited_by_username = username(dump_only=True, allow_none=True)


class InvitationTokenSchema(Schema):
    """The token of an invitation."""

    token = Text(
        low=1,
        high=TOKEN_LENGTH,
        required=True,
        metadata={
            "description": "The token that the owner of the project sent to you.",
            "examples": ["mZ8xQ2vHc0b4uS7nJq1wYt5kR9eL3gA6dPfXoBiVzMU"],
        },
    )


InvitationPageSchema = page_of(InvitationSchema)
ReceivedInvitationPageSchema = page_of(ReceivedInvitationSchema)
