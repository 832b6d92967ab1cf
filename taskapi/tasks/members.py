"""Assignees of tasks, which must be members of the project."""

from collections.abc import Mapping

from sqlalchemy import BindParameter, bindparam, select

from taskapi import db
from taskapi.errors import FieldError, Invalid
from taskapi.projects.models import memberships
from taskapi.tasks.queries import PROJECT
from taskapi.typing import Fields, Path

IDS: BindParameter[int] = bindparam("ids", expanding=True)
PRESENT = select(memberships.c.user_id).where(
    memberships.c.project_id == PROJECT, memberships.c.user_id.in_(IDS)
)
NOT_A_MEMBER = FieldError(
    "The project of the task has no member with this id. A task without `project_id` "
    "is in your personal project.",
    "not-found",
)


def check(project_id: int, given: Mapping[Path, Fields]) -> None:
    """Raise Invalid for each assignee that is not a member of the locked project."""
    assigned = {
        path: fields["assignee_id"]
        for path, fields in given.items()
        if fields.get("assignee_id") is not None
    }
    if not assigned:
        return
    parameters = {"project": project_id, "ids": list(set(assigned.values()))}
    present = set(db.session.scalars(PRESENT, parameters))
    absent = [path for path, user_id in assigned.items() if user_id not in present]
    if absent:
        raise Invalid({(*path, "assignee_id"): [NOT_A_MEMBER] for path in absent})
