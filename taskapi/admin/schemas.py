"""Accounts as administrators see and change them."""

from taskapi.users.models import Role, fold
from taskapi.users.schemas import UserSchema
from taskapi.web.fields import Choice, Flag, QueryFlag, Text
from taskapi.web.pagination import PageArguments, page_of
from taskapi.web.schema import Schema

UserPageSchema = page_of(UserSchema)


class UserListArguments(PageArguments):
    """Filters and paging of the list of users."""

    q = Text(
        low=1,
        high=200,
        clean=fold,
        metadata={"description": "Part of the email or the username, in any case."},
    )
    role = Choice(Role)
    is_active = QueryFlag()


class UserAdminUpdateSchema(Schema):
    """What an administrator may change of an account."""

    resource = UserSchema

    role = Choice(Role)
    is_active = Flag()
