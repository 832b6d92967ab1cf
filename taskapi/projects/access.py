"""Visibility: which projects an account may read, write and administer.

Every statement that finds the content of projects for a request has one of the
conditions of this module. Statements that follow a lock of the project rely on the role
that the lock returned (`projects.locking`), and `members.service` compares roles of
members itself. Commands of the operator see everything.
"""

from collections.abc import Mapping

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    select,
)

from taskapi import clock, db
from taskapi.db.types import Id
from taskapi.errors import FieldError, NotFound, RoleRequired
from taskapi.projects.models import (
    PROJECT_NOT_DELETED,
    Project,
    ProjectRole,
    memberships,
)
from taskapi.typing import Account, Caller, Fields, Path

MAX_PROJECT_ID = 2**63 - 1
UNKNOWN_PROJECT = FieldError("You have no project with this id.", "not-found")
ROLE_TOO_LOW = FieldError("Your role in the project is too low.", "role-required")
ME: BindParameter[int] = bindparam("me", type_=Id)
FIRST: BindParameter[int] = bindparam("first", type_=Id)
LAST: BindParameter[int] = bindparam("last", type_=Id)
_project = Project.__table__.alias("visible_projects")  # not that of the outer query


def visible(
    project_id: SQLColumnExpression[int], least: ProjectRole = ProjectRole.VIEWER
) -> ColumnElement[bool]:
    """Return the condition that the caller has at least a role in a project.

    Its parameters are those of `scope`. It is a correlated EXISTS, for statements that
    find their rows by another condition.
    """
    of_project = exists().where(
        memberships.c.project_id == project_id,
        of_member(least),
        _project.c.id == memberships.c.project_id,
        _project.c.deleted_at.is_(None),
    )
    return of_project.correlate_except(memberships, _project)


def has_role(
    parameters: Fields, project_id: int, least: ProjectRole
) -> ColumnElement[bool]:
    """Return the condition that the caller has at least a role in a project.

    It contains the values of `scope`, and includes projects in the trash.
    """
    in_project = memberships.c.project_id == project_id
    own = exists().where(in_project, of_member(least, **parameters))
    return own.correlate_except(memberships)


def visible_projects(least: ProjectRole = ProjectRole.VIEWER) -> Select[tuple[int]]:
    """Select the ids of the projects in which the caller has at least a role."""
    return select(memberships.c.project_id).where(is_visible(least))


def visible_project() -> ScalarSelect[int]:
    """Select the id of the only project of the range of `scope`, if it is visible.

    It is NULL for a hidden project, so that none of its rows is read. SQLite would
    check an EXISTS for each of them: 21,100 instead of 200 steps for 1,500 tasks.
    """
    return visible_projects().correlate(None).scalar_subquery()


def is_visible(least: ProjectRole = ProjectRole.VIEWER) -> ColumnElement[bool]:
    """Return the condition of a row of `memberships` joined with its project."""
    joined = Project.id == memberships.c.project_id
    return and_(of_member(least), joined, PROJECT_NOT_DELETED)


def of_member(
    least: ProjectRole,
    me: SQLColumnExpression[int] | int = ME,
    first: SQLColumnExpression[int] | int = FIRST,
    last: SQLColumnExpression[int] | int = LAST,
) -> ColumnElement[bool]:
    """Return the condition of a row of `memberships`, whatever its project is."""
    return and_(
        memberships.c.user_id == me,
        memberships.c.role >= least,
        memberships.c.project_id.between(first, last),
    )


def role_in(project_id: SQLColumnExpression[int]) -> ScalarSelect[ProjectRole]:
    """Select the role of the caller in a project; NULL if it is not visible."""
    own = select(memberships.c.role).where(
        memberships.c.project_id == project_id, is_visible()
    )
    return own.correlate_except(memberships, Project).scalar_subquery()


def is_member(
    project_id: SQLColumnExpression[int], user_id: SQLColumnExpression[int | None]
) -> ColumnElement[bool]:
    """Return the condition that an account is a member of a project."""
    row = exists().where(
        memberships.c.project_id == project_id, memberships.c.user_id == user_id
    )
    return row.correlate_except(memberships)


def scope(caller: Account, project_id: int | None = None) -> Fields:
    """Return the parameters of the conditions: the caller and a range of projects.

    The range is one project for a key that is restricted to it, or if `project_id` is
    given; it is empty if both are and differ.
    """
    first, last = 1, MAX_PROJECT_ID
    for only in (project_id, getattr(caller, "key_project_id", None)):
        if only is not None:
            first, last = max(first, only), min(last, only)
    return {"me": caller.id, "first": first, "last": last}


def parameters(caller: Caller) -> Fields:
    """Return the parameters of statements of tasks.

    They are those of `scope`, the credentials of the caller, and the time.
    """
    now = clock.now()
    today = clock.current_day(now, caller.timezone)
    return {
        **scope(caller),
        "caller_id": caller.id,
        "caller_session_id": caller.session_id,
        "caller_key_id": caller.key_id,
        "now": now,
        "today": today,
        "latest": max(now, today),
    }


def chosen(caller: Caller, project: int | str | None) -> int | None:
    """Return the project that a filter names, by its id or as `personal`."""
    return caller.personal_project_id if isinstance(project, str) else project


def default(caller: Caller, project_id: int | None) -> int:
    """Return the project of new tasks: by default that of the key, or the personal."""
    if project_id is not None:
        return project_id
    return caller.key_project_id or caller.personal_project_id


def write_error(
    parameters: Fields, project_id: int, required_role: ProjectRole
) -> NotFound | RoleRequired:
    """Return the error for a write that has affected no row of a project.

    `parameters` are those of `scope`. It is RoleRequired for members whose role is too
    low, and NotFound for a project that is not visible.
    """
    suffices = (memberships.c.role >= required_role).label("suffices")
    own = select(suffices).where(memberships.c.project_id == project_id, is_visible())
    rows = db.read(own, parameters)
    if rows and not rows[0].suffices:
        return RoleRequired(required_role=required_role)
    return NotFound()


def has_access(
    caller: Account, project_id: int, least: ProjectRole = ProjectRole.VIEWER
) -> bool:
    """Return whether the caller has at least a role in a visible project."""
    own = visible_projects(least).where(memberships.c.project_id == project_id)
    return bool(db.read(own, scope(caller)))


def check_editor(roles: Mapping[Path, ProjectRole]) -> None:
    """Raise RoleRequired for the locations whose project the caller may only view.

    `roles` are the roles of the caller by location in the request. The empty path is
    the request as a whole, and is not listed in `errors`.
    """
    rejected = [path for path, role in roles.items() if role is ProjectRole.VIEWER]
    if rejected:
        errors = {path: [ROLE_TOO_LOW] for path in rejected if path}
        raise RoleRequired(errors=errors, required_role=ProjectRole.EDITOR)
