"""Creation of API keys."""

from typing import NoReturn

import structlog
from sqlalchemy import Select, and_, func, insert, literal, select

from taskapi import db
from taskapi.api_keys import key_format
from taskapi.api_keys.models import MAX_KEYS, ApiKey, ApiKeyRow
from taskapi.api_keys.service import COLUMNS, check_future
from taskapi.errors import FieldError, Invalid, LimitReached, NotFound
from taskapi.projects import access
from taskapi.projects.models import memberships
from taskapi.scopes import Scope
from taskapi.typing import Account, Fields
from taskapi.users.models import Role, User

log = structlog.get_logger()

OF_TASKS = [Scope.TASKS_READ, Scope.TASKS_WRITE]
"""The default scopes, and the only ones of a key that is restricted to a project."""


def create(caller: Account, fields: Fields) -> tuple[ApiKeyRow, str]:
    """Create a key; return its row, and the key itself, which is not stored.

    Raises Invalid, LimitReached, and NotFound for an account that is not active.
    """
    fields.setdefault("scopes", OF_TASKS)
    _check_scopes(caller, fields)
    check_future(fields.get("expires_at"))
    key = key_format.generate()
    stored = {"prefix": key.prefix, "secret_hash": key.secret_hash}
    created = _insert(caller, fields | stored)
    _check_number(caller.id)
    log.info("API key created", account_id=caller.id, key_id=created.id)
    return created, key.text


def _check_scopes(caller: Account, fields: Fields) -> None:
    """Raise Invalid for scopes that the key cannot have."""
    message = None
    is_restricted = fields.get("project_id") is not None
    if is_restricted and not set(fields["scopes"]) <= set(OF_TASKS):
        message = (
            "A key for one project has only the scopes tasks:read and tasks:write."
        )
    elif Scope.ADMIN in fields["scopes"] and caller.role != Role.ADMIN:
        message = "Only administrators can grant this scope."
    if message:
        raise Invalid({"scopes": [FieldError(message, "choice")]})


def _insert(caller: Account, fields: Fields) -> ApiKeyRow:
    """Insert a key of an active account that is a member of the project of the key."""
    types = ApiKey.__table__.c
    literals = {
        name: literal(value, types[name].type) for name, value in fields.items()
    }
    values = {"user_id": User.id} | literals
    active = select(*values.values()).where(User.id == caller.id, User.is_active)
    project_id = fields.get("project_id")
    source = _locked(active, project_id)
    # SQLAlchemy takes parameters of an insert into a model as values of its rows
    table = db.Model.metadata.tables[ApiKey.__tablename__]
    statement = insert(table).from_select(list(values), source).returning(*COLUMNS)
    created: ApiKeyRow | None = db.session.execute(
        statement, access.scope(caller)
    ).one_or_none()
    if created is None:
        _reject(caller, project_id)
    return created


def _locked(
    active: Select[tuple[object, ...]], project_id: int | None
) -> Select[tuple[object, ...]]:
    """Lock the account, and its membership in the project of the key.

    A transaction that revokes all keys of the account, or removes the member with the
    keys for the project, waits for this one and revokes the new key too. The next
    creation waits to count it.
    """
    if project_id is None:
        return active.with_for_update(key_share=True)
    in_project = memberships.c.project_id == project_id
    is_member = and_(in_project, memberships.c.user_id == User.id)
    member = active.where(is_member, access.is_visible())
    return member.with_for_update(key_share=True, of=[User, memberships])


def _reject(caller: Account, project_id: int | None) -> NoReturn:
    """Raise the error that explains why no key was inserted."""
    if project_id is not None and not access.has_access(caller, project_id):
        raise Invalid({"project_id": [access.UNKNOWN_PROJECT]})
    raise NotFound


def _check_number(user_id: int) -> None:
    """Raise LimitReached if the account has too many keys, including the new one.

    This is a statement of its own: on PostgreSQL the insert does not see keys that were
    inserted while it waited for the lock of the account.
    """
    number = select(func.count()).where(ApiKey.user_id == user_id)
    if (db.session.scalar(number) or 0) > MAX_KEYS:
        message = f"An account can have {MAX_KEYS} API keys. Revoke one first."
        raise LimitReached(message, limit=MAX_KEYS)
