"""Locks of projects: one request at a time changes the trees of a project.

Projects are locked in ascending order and before their memberships and tasks, so that
two requests do not lock each other out.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import BindParameter, bindparam, select

from taskapi import db
from taskapi.errors import RoleRequired
from taskapi.projects.access import is_visible, scope, visible
from taskapi.projects.models import Project, ProjectRole, memberships
from taskapi.typing import Account

IDS: BindParameter[int] = bindparam("ids", expanding=True)
# FOR NO KEY UPDATE: other requests can still insert rows that refer to the project.
LOCK = (
    select(Project.id)
    .where(Project.id.in_(IDS), visible(Project.id))
    .order_by(Project.id)
    .with_for_update(key_share=True)
)
ROLES = select(memberships.c.project_id, memberships.c.role).where(
    memberships.c.project_id.in_(IDS), is_visible()
)

Roles = Mapping[int, ProjectRole]


def lock(caller: Account, project_ids: Iterable[int]) -> Roles:
    """Lock the projects among these that the caller may read; return the roles in them.

    The roles are read after the lock: a role that another request changes meanwhile is
    the new one, and cannot change until the end of the transaction.
    """
    parameters = scope(caller) | {"ids": list(set(project_ids))}
    if not parameters["ids"]:
        return {}
    db.session.execute(LOCK, parameters)
    rows = db.session.execute(ROLES, parameters)
    return {row.project_id: row.role for row in rows}


def check_role(role: ProjectRole, least: ProjectRole = ProjectRole.EDITOR) -> None:
    """Raise RoleRequired for a lower role."""
    ranks = list(ProjectRole)
    if ranks.index(role) < ranks.index(least):
        raise RoleRequired(required_role=least)
