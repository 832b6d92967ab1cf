"""Administration of accounts, with their sessions and API keys."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_

from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.db import pagination
from taskapi.db.pagination import PageRequest
from taskapi.db.versioning import Versions
from taskapi.typing import Caller, Fields
from taskapi.users import service as users
from taskapi.users.models import PUBLIC_COLUMNS, USER_NOT_DELETED, User, UserRow


def find_page(
    filters: Fields, page: PageRequest
) -> tuple[Sequence[UserRow], int | None]:
    """Return a page of the accounts that match, newest first, and the total."""
    conditions = [_matches(name, value) for name, value in filters.items()]
    scope = and_(USER_NOT_DELETED, *conditions)
    rows = pagination.newest_first(PUBLIC_COLUMNS, User, scope, page)
    return rows, pagination.total(User, scope, page)


def change(
    user_id: int,
    changes: Fields,
    versions: Versions = None,
    *,
    by: Caller | None = None,
) -> UserRow:
    """Change role or state; deactivation ends sessions and API keys at once."""
    changed = users.administer(user_id, changes, versions, by=by)
    if not changed.is_active:
        sessions.end_sessions(user_id)
        keys.revoke_all(user_id)
    return changed


def _matches(name: str, value: object) -> ColumnElement[bool]:
    if name == "q":
        return or_(
            User.email.contains(value, autoescape=True),
            User.username.contains(value, autoescape=True),
        )
    return User.__table__.c[name] == value
