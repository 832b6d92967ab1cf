"""JSON schemas of members."""

from taskapi.projects.models import ProjectRole
from taskapi.users.models import FULL_NAME_LENGTH, USERNAME_LENGTH
from taskapi.web.fields import Choice, Integer, Text, Timestamp
from taskapi.web.pagination import page_of
from taskapi.web.schema import Schema


class MemberSchema(Schema):
    """A member of a project."""

    user_id = Integer(dump_only=True, low=1)
    username = Text(
        high=USERNAME_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"examples": ["ann"]},
    )
    full_name = Text(
        high=FULL_NAME_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"examples": ["Ann Lee"]},
    )
    role = Choice(ProjectRole, dump_only=True)
    joined_at = Timestamp(dump_only=True)


MemberPageSchema = page_of(MemberSchema)


class MemberUpdateSchema(Schema):
    """The new role of a member."""

    resource = MemberSchema

    role = Choice(ProjectRole, required=True)
