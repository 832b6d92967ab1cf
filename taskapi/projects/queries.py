"""Statements of projects."""

from typing import Any

from sqlalchemy import (
    Executable,
    Select,
    bindparam,
    case,
    column,
    func,
    insert,
    literal,
    select,
    table,
    tuple_,
)

from taskapi.db.types import Id, Ranked, UtcDateTime
from taskapi.projects import access
from taskapi.projects.models import (
    EXISTING_PROJECT,
    IN_TRASH,
    Project,
    ProjectRole,
    memberships,
)

PERSONAL = select(Project.id).where(Project.personal_user_id == bindparam("user_id"))

EXISTING = select(Project.personal_user_id).where(
    Project.id == bindparam("project", type_=Id), EXISTING_PROJECT
)

# not the model: accounts depend on this package
USERS = table("users", column("id", Id), column("deleted_at", UtcDateTime))
LOCK_ACCOUNT = (
    select(USERS.c.id)
    .where(USERS.c.id == bindparam("user_id"), USERS.c.deleted_at.is_(None))
    .with_for_update(key_share=True)
)

IS_SHARED = case((Project.personal_user_id.is_(None), 1), else_=0)
STORED = Project.__table__.c.values()
_members = memberships.alias("members")
MEMBER_COUNT = (
    select(func.count())
    .where(_members.c.project_id == Project.id)
    .correlate(Project)
    .scalar_subquery()
    .label("member_count")
)
AS_OWNER = literal(ProjectRole.OWNER, Ranked(ProjectRole)).label("role")
OWNED = [*STORED, AS_OWNER, MEMBER_COUNT]
"""The columns that a write of an owner returns."""

CREATED = [*STORED, AS_OWNER, literal(1).label("member_count")]

VISIBLE = select(*STORED, memberships.c.role, MEMBER_COUNT).where(access.is_visible())
DELETED = select(*STORED, memberships.c.role, MEMBER_COUNT).where(
    access.of_member(ProjectRole.OWNER),
    Project.id == memberships.c.project_id,
    IN_TRASH,
)
ONE = VISIBLE.where(Project.id == bindparam("project_id"))


def _order(statement: Select[Any]) -> tuple[Executable, Executable, Executable]:
    """Return the statements of a list: first page, page after a row, total."""
    keys = (IS_SHARED, Project.name, Project.id)
    ordered = statement.order_by(*keys)
    ordered = ordered.limit(bindparam("limit")).offset(bindparam("offset"))
    after = tuple_(bindparam("shared"), bindparam("name"), bindparam("after_id"))
    total = select(func.count()).select_from(statement.subquery())
    return ordered, ordered.where(tuple_(*keys) > after), total


LISTS = {False: _order(VISIBLE), True: _order(DELETED)}

_count = select(func.count()).select_from(_members)
OF_ACCOUNT = _count.where(_members.c.user_id == bindparam("user_id", type_=Id))
OF_PROJECT = _count.where(_members.c.project_id == bindparam("project_id", type_=Id))
JOIN = (
    insert(memberships)
    .from_select(
        ["user_id", "project_id", "role", "created_at"],
        select(
            bindparam("user_id", type_=Id),
            bindparam("project_id", type_=Id),
            bindparam("role", type_=Ranked(ProjectRole)),
            bindparam("now", type_=UtcDateTime),
        ).where(
            OF_ACCOUNT.scalar_subquery() < bindparam("max_memberships"),
            OF_PROJECT.scalar_subquery() < bindparam("max_members"),
        ),
    )
    .returning(memberships.c.user_id)
)
