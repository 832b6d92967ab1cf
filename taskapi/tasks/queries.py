"""Selects of tasks: conditions, columns and compiled statements.

The conditions of `projects.access` are part of every statement that finds tasks by what
a request names. Other statements follow a lock of the project (`projects.locking`)
and a check of the role that the lock returned.
"""

from functools import lru_cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import Id, Joined, UtcDateTime, constant
from taskapi.projects import access
from taskapi.projects.models import ProjectRole, memberships
from taskapi.tasks.models import (
    NOT_DELETED,
    OPEN,
    ShownTaskRow,
    Task,
    TaskStatus,
    WritableTaskRow,
    table,
    task_tags,
)
from taskapi.users import credentials
from taskapi.users.models import User

MAX_CACHED_STATEMENTS = 16
"""Statements of each kind that are cached; one takes about 100 kB."""


def overdue(
    now: BindParameter[object], today: ColumnElement[object]
) -> ColumnElement[bool]:
    """Return the condition that a task is overdue; `today` is the caller's day."""
    due_before = case((Task.due_is_day, today), else_=now)
    late = func.coalesce(Task.due_at < due_before, false())
    return and_(or_(*(Task.status == constant(status) for status in OPEN)), late)


NO_DUE_DATE = and_(~Task.due_is_day, Task.due_at.is_(None))
EITHER_KIND = Task.due_is_day.in_((true(), false()))
"""True of every task, so that an index that begins with this column can be used."""

NOW: BindParameter[object] = bindparam("now", type_=UtcDateTime)
TODAY: BindParameter[object] = bindparam("today", type_=UtcDateTime)
# Not "project_id": SQLAlchemy takes a parameter with the name of a column as a new
# value of the column when it executes an UPDATE.
PROJECT: BindParameter[int] = bindparam("project", type_=Id)
ASSIGNEE: BindParameter[int | None] = bindparam("assignee", type_=Id)

# Without the column `id`: RETURNING on SQLite is compiled without table names, and `id`
# would be that of the task.
subtasks = select(Task.parent_id, Task.status, Task.deleted_at).subquery("subtasks")
_subtask_count = select(func.count()).where(
    subtasks.c.parent_id == Task.id, subtasks.c.deleted_at.is_(None)
)
TAGS = (
    select(Joined(task_tags.c.name))
    .where(task_tags.c.task_id == Task.id)
    .scalar_subquery()
    .label("tags")
)
SUBTASK_COUNT = _subtask_count.scalar_subquery().label("subtask_count")
DONE_COUNT = (
    _subtask_count.where(subtasks.c.status == constant(TaskStatus.COMPLETED))
    .scalar_subquery()
    .label("done_count")
)
STORED = [column for column in Task.__table__.c if column.key != "terms"]
COLUMNS = [
    *STORED,
    TAGS,
    SUBTASK_COUNT,
    DONE_COUNT,
    overdue(NOW, TODAY).label("is_overdue"),
]

_one = select(*COLUMNS).where(NOT_DELETED, Task.id == bindparam("task_id"))
ONE = CompiledStatement[ShownTaskRow](_one.where(access.visible(Task.project_id)))
ONE_WITH_ROLE = CompiledStatement[WritableTaskRow](
    _one.add_columns(memberships.c.role)
    .join(memberships, memberships.c.project_id == Task.project_id)
    .where(access.is_visible())
)
"""A task, and the role of the caller in its project."""

SEVERAL = select(*COLUMNS).where(
    Task.id.in_(bindparam("ids", expanding=True)), access.visible(Task.project_id)
)

# The id of an account that may have one more task. Its row is locked, so that
# concurrent requests cannot exceed the limit together.
_has_room = and_(User.id == access.ME, User.task_count < bindparam("max_tasks"))
_room = select(User.id).where(_has_room).with_for_update(key_share=True)
_owner = _room.subquery("room")
TASK_COUNT = (
    select(User.task_count).where(User.id == access.ME).with_for_update(key_share=True)
)

DEFAULTS = {
    column.key: getattr(column.default, "arg", None)
    for column in Task.__table__.c
    if column.key != "id"
}
_VALUES = {name: bindparam(name, type_=table.c[name].type) for name in DEFAULTS}
_INSERTED = _VALUES | {"project_id": PROJECT, "owner_id": _owner.c.id}
CAN_WRITE = access.visible(PROJECT, ProjectRole.EDITOR)
CAN_ASSIGN = or_(ASSIGNEE.is_(None), access.is_member(PROJECT, ASSIGNEE))
# A task without subtasks; no row if a condition is false (see REJECTION). A task
# without tags needs no other statement, so that it commits by itself without BEGIN
# and COMMIT: 1,260 instead of 1,630 µs on PostgreSQL.
INSERT = CompiledStatement[ShownTaskRow](
    insert(table)
    .from_select(
        list(_INSERTED),
        select(*_INSERTED.values()).where(credentials.valid(), CAN_WRITE, CAN_ASSIGN),
        include_defaults=False,
    )
    .returning(
        *STORED,
        bindparam("joined", type_=String()).label("tags"),
        literal(0).label("subtask_count"),
        literal(0).label("done_count"),
        overdue(NOW, TODAY).label("is_overdue"),
    )
)
REJECTION = select(
    access.role_in(PROJECT).label("role"),
    CAN_ASSIGN.label("can_assign"),
    exists().where(_has_room).label("has_room"),
)
"""Which of the conditions of INSERT are met."""


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def guarded_update(columns: frozenset[str]) -> CompiledStatement[ShownTaskRow]:
    """Return the update of columns of a task whose version is still `read_version`.

    It returns no row if the task was changed or deleted since it was read, or if the
    caller or the assignee has left the project, or if the credentials have ended.
    """
    conditions = [
        Task.id == bindparam("task_id"),
        Task.version == bindparam("read_version"),
        NOT_DELETED,
        access.visible(Task.project_id, ProjectRole.EDITOR),
        credentials.valid(),
    ]
    if "assignee_id" in columns:
        is_member = access.is_member(Task.project_id, ASSIGNEE)
        conditions.append(or_(ASSIGNEE.is_(None), is_member))
    updated = update(table).where(*conditions)
    return CompiledStatement(updated.returning(*COLUMNS), columns=sorted(columns))
