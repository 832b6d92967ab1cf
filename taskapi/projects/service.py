"""Projects: creation, reads, changes, new members."""

from collections.abc import Sequence

import structlog
from sqlalchemy import ColumnElement, and_, insert

from taskapi import clock, db
from taskapi.db import versioning
from taskapi.db.pagination import PageRequest
from taskapi.db.versioning import Versions
from taskapi.errors import LimitReached, NotFound
from taskapi.projects import access, queries
from taskapi.projects.models import (
    MAX_MEMBERS,
    MAX_MEMBERSHIPS,
    PERSONAL_NAME,
    PROJECT_NOT_DELETED,
    Project,
    ProjectRole,
    ProjectRow,
    ShownProjectRow,
    memberships,
)
from taskapi.typing import Account, Fields

log = structlog.get_logger()


def create_personal(user_id: int) -> int:
    """Create the personal project of a new account, with it as the owner."""
    values = {"name": PERSONAL_NAME, "personal_user_id": user_id}
    project: ProjectRow = versioning.create(Project, values)
    add_member(project.id, user_id, ProjectRole.OWNER)
    return project.id


def add_member(project_id: int, user_id: int, role: ProjectRole) -> None:
    """Add an account to a project of which it is not a member."""
    member = {"project_id": project_id, "user_id": user_id, "role": role}
    db.session.execute(insert(memberships).values(**member, created_at=clock.now()))


def lock_account(user_id: int) -> None:
    """Lock an account, before its memberships are counted; raises NotFound.

    Lock the project first, as writes of tasks do, which then update the account: two
    requests in different orders end each other's transaction.
    """
    if not db.session.execute(queries.LOCK_ACCOUNT, {"user_id": user_id}).all():
        raise NotFound


def join(project_id: int, user_id: int, role: ProjectRole) -> None:
    """Add an account to a project; raises LimitReached.

    Lock the project, unless it is new, and then the account: otherwise concurrent
    requests do not count the new rows of each other.
    """
    member: Fields = {"project_id": project_id, "user_id": user_id, "role": role}
    limits = {"max_memberships": MAX_MEMBERSHIPS, "max_members": MAX_MEMBERS}
    parameters = member | limits | {"now": clock.now()}
    if db.session.execute(queries.JOIN, parameters).all():
        return
    if (
        db.session.scalar(queries.OF_ACCOUNT, {"user_id": user_id}) or 0
    ) >= MAX_MEMBERSHIPS:
        message = f"An account can be a member of {MAX_MEMBERSHIPS} projects."
        raise LimitReached(f"{message} Leave one first.", limit=MAX_MEMBERSHIPS)
    message = f"A project can have {MAX_MEMBERS} members. Remove one first."
    raise LimitReached(message, limit=MAX_MEMBERS)


def create(caller: Account, fields: Fields) -> ShownProjectRow:
    """Create a project with the caller as its owner; raises LimitReached."""
    lock_account(caller.id)
    project: ShownProjectRow = versioning.create(Project, fields, queries.CREATED)
    join(project.id, caller.id, ProjectRole.OWNER)
    log.info("project created", account_id=caller.id, project_id=project.id)
    return project


def personal_id(user_id: int) -> int:
    """Return the id of the personal project of an account."""
    return int(db.read(queries.PERSONAL, {"user_id": user_id})[0].id)


def check_exists(project_id: int) -> None:
    """Raise NotFound for a project that does not exist; one in the trash does.

    This is for commands: whether the caller may see the project is not checked.
    """
    if not db.read(queries.EXISTING, {"project": project_id}):
        raise unknown(project_id)


def unknown(project_id: int) -> NotFound:
    """Return the error of a command for a project that does not exist."""
    return NotFound(f"There is no project {project_id}.")


def find_page(
    caller: Account, page: PageRequest, *, deleted: bool
) -> tuple[Sequence[ShownProjectRow], int | None]:
    """Return a page of the projects of the caller, and the total.

    The personal project is first, then the others by name. `deleted` selects those in
    the trash that the caller owns.
    """
    first, following, total = queries.LISTS[deleted]
    parameters = access.scope(caller)
    paging = {"limit": page.limit + 1, "offset": page.offset}
    if page.after:
        (shared, name), after_id = page.after
        paging |= {"shared": shared, "name": name, "after_id": after_id}
    rows = db.read(following if page.after else first, parameters | paging)
    return rows, int(db.read(total, parameters)[0][0]) if page.with_total else None


def position(project: ShownProjectRow) -> list[object]:
    """Return the sort keys of a project in a list."""
    return [int(project.personal_user_id is None), project.name]


def get(caller: Account, project_id: int) -> ShownProjectRow:
    """Return a project of which the caller is a member; raises NotFound."""
    found = db.read(queries.ONE, access.scope(caller) | {"project_id": project_id})
    if not found:
        raise NotFound
    project: ShownProjectRow = found[0]
    return project


def change(
    caller: Account,
    project_id: int,
    changes: Fields,
    versions: Versions = None,
    scope: ColumnElement[bool] = PROJECT_NOT_DELETED,
) -> ShownProjectRow:
    """Change a project of which the caller is an owner, within a scope.

    Raises NotFound, RoleRequired or PreconditionFailed.
    """
    parameters = access.scope(caller)
    is_owner = access.has_role(parameters, project_id, ProjectRole.OWNER)
    owned = and_(Project.id == project_id, scope, is_owner)
    try:
        changed: ShownProjectRow = versioning.change(
            Project, owned, changes, versions, queries.OWNED
        )
    except NotFound as error:
        raise access.write_error(parameters, project_id, ProjectRole.OWNER) from error
    return changed
