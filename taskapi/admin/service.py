"""What administrators do with accounts, sessions and keys together."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, or_

from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.db import AnyRow, pagination
from taskapi.db.pagination import PageRequest
from taskapi.db.versioning import Versions
from taskapi.users import service as users
from taskapi.users.models import PRESENT, PUBLIC_COLUMNS, User


def find_page(
    filters: dict[str, Any], window: PageRequest
) -> tuple[Sequence[AnyRow], int | None]:
    """Return a page of all accounts, the newest first, and their number."""
    scope = and_(PRESENT, *(_matches(name, value) for name, value in filters.items()))
    rows = pagination.newest_first(PUBLIC_COLUMNS, User, scope, window)
    return rows, pagination.total(User, scope, window)


def change(
    user_id: int, changes: dict[str, Any], versions: Versions = None, *, by: Any = None
) -> AnyRow:
    """Change role or state; deactivation ends sessions and keys at once."""
    changed = users.administer(user_id, changes, versions, by=by)
    if not changed.is_active:
        sessions.end_sessions(user_id)
        keys.revoke_all(user_id)
    return changed


def _matches(name: str, value: Any) -> ColumnElement[bool]:
    if name == "q":
        return or_(
            User.email.contains(value, autoescape=True),
            User.username.contains(value, autoescape=True),
        )
    return cast("ColumnElement[bool]", User.__table__.c[name] == value)
