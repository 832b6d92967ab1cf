"""Locks of projects: one request at a time changes the trees of a project.

Projects are locked in ascending order and before their memberships and tasks, so that
two requests do not lock each other out.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select

from taskapi import db
from taskapi.projects.access import is_visible, scope, visible
from taskapi.projects.models import Project, ProjectRole, memberships
from taskapi.typing import Account

IDS: BindParameter[int] = bindparam("ids", expanding=True)
ROLES = select(memberships.c.project_id, memberships.c.role).where(
    memberships.c.project_id.in_(IDS), is_visible()
)

Roles = Mapping[int, ProjectRole]


def lock_where(chosen: ColumnElement[bool]) -> Select[int]:
    """Return the statement that locks the visible projects among those chosen.

    FOR NO KEY UPDATE: other requests can still insert rows that refer to the project.
    """
    rows = select(Project.id).where(chosen, visible(Project.id)).order_by(Project.id)
    return rows.with_for_update(key_share=True)


LOCK = lock_where(Project.id.in_(IDS))


def lock(caller: Account, project_ids: Iterable[int]) -> Roles:
    """Lock the projects among these that the caller may read; return the roles in them.

    The roles are read after the lock, so that they cannot change until the end of the
    transaction.
    """
    parameters = scope(caller) | {"ids": list(set(project_ids))}
    if not parameters["ids"]:
        return {}
    db.session.execute(LOCK, parameters)
    rows = db.session.execute(ROLES, parameters)
    return {row.project_id: row.role for row in rows}
