"""Schemas for administrators."""

from taskapi.users.models import Role, fold
from taskapi.users.schemas import UserSchema
from taskapi.web.fields import Choice, Flag, Text
from taskapi.web.pagination import PageArguments, page_of
from taskapi.web.query_fields import QueryFlag
from taskapi.web.schema import Schema

UserPageSchema = page_of(UserSchema)


class UserListArguments(PageArguments):
    """Filters and pagination of the list of accounts."""

    q = Text(
        low=1,
        high=200,
        clean=fold,
        metadata={
            "description": "A part of the email or the username. Case is ignored.",
            "examples": ["example.org"],
        },
    )
    role = Choice(Role, metadata={"description": "Accounts with this role."})
    is_active = QueryFlag(
        metadata={"description": "Accounts that are active, or that are not."}
    )


class UserAdminUpdateSchema(Schema):
    """The fields of an account that an administrator can change."""

    resource = UserSchema

    role = Choice(Role)
    is_active = Flag()
