"""Selects of tasks: conditions, columns and compiled statements.

`owned` is the access condition: every statement that reads or writes a task has it.
"""

from functools import lru_cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
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
from taskapi.db.types import Joined, UtcDateTime, constant
from taskapi.tasks.models import (
    NOT_DELETED,
    OPEN,
    ShownTaskRow,
    Task,
    TaskStatus,
    table,
    task_tags,
)
from taskapi.users import credentials
from taskapi.users.models import User

MAX_CACHED_STATEMENTS = 16
"""Statements of each kind that are cached; one takes about 100 kB."""


def owned(owner_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a task belongs to an account."""
    return Task.owner_id == owner_id


def overdue(
    now: BindParameter[object], today: ColumnElement[object]
) -> ColumnElement[bool]:
    """Return the condition that a task is overdue; `today` is the owner's day."""
    due_before = case((Task.due_is_day, today), else_=now)
    late = func.coalesce(Task.due_at < due_before, false())
    return and_(or_(*(Task.status == constant(status) for status in OPEN)), late)


NO_DUE_DATE = and_(~Task.due_is_day, Task.due_at.is_(None))
EITHER_KIND = Task.due_is_day.in_((true(), false()))
"""True of every task, so that an index that begins with this column can be used."""

NOW: BindParameter[object] = bindparam("now", type_=UtcDateTime)
TODAY: BindParameter[object] = bindparam("today", type_=UtcDateTime)
# Not "owner_id": SQLAlchemy takes a parameter with the name of a column as a new value
# of the column when it executes an UPDATE.
OWNER: BindParameter[int] = bindparam("owner")

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

ONE = CompiledStatement[ShownTaskRow](
    select(*COLUMNS).where(owned(OWNER), NOT_DELETED, Task.id == bindparam("task_id"))
)
SEVERAL = select(*COLUMNS).where(
    owned(OWNER), Task.id.in_(bindparam("ids", expanding=True))
)


_room = select(User.id).where(
    User.id == OWNER, User.task_count < bindparam("max_tasks")
)
# The id of an account that may have one more task, else NULL. Its row is locked, so
# that concurrent requests cannot exceed the limit together.
OWNER_WITH_ROOM = _room.with_for_update(key_share=True).scalar_subquery()
TASK_COUNT = select(User.task_count).where(User.id == OWNER)

DEFAULTS = {
    column.key: getattr(column.default, "arg", None)
    for column in Task.__table__.c
    if column.key != "id"
}
_VALUES = {name: bindparam(name, type_=table.c[name].type) for name in DEFAULTS}
_INSERTED = _VALUES | {"owner_id": OWNER_WITH_ROOM}
# A task without subtasks; no row if the caller's credentials have ended. A task without
# tags needs no other statement, so that it commits by itself without BEGIN and COMMIT:
# 1,260 instead of 1,630 µs on PostgreSQL.
INSERT = CompiledStatement[ShownTaskRow](
    insert(table)
    .from_select(
        list(_INSERTED),
        select(*_INSERTED.values()).where(credentials.valid()),
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


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def guarded_update(columns: frozenset[str]) -> CompiledStatement[ShownTaskRow]:
    """Return the update of columns of a task whose version is still `read_version`.

    It returns no row if the task was changed or deleted since it was read, or if the
    caller's credentials have ended.
    """
    same = (Task.id == bindparam("task_id"), Task.version == bindparam("read_version"))
    updated = update(table).where(owned(OWNER), NOT_DELETED, *same, credentials.valid())
    return CompiledStatement(updated.returning(*COLUMNS), columns=sorted(columns))
