"""All tasks of an account, some at a time.

Each page is one short read of its own: a slow reader holds neither a connection nor a
lock. The order is that of the making, which never changes, so that a task that is there
throughout comes exactly once.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, select, tuple_

from taskapi.db import AnyRow, replica
from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import UtcDateTime
from taskapi.tasks.models import NOT_DELETED, Task
from taskapi.tasks.queries import OWNER, STORED, TAGS, owned

AT_ONCE = 500
FIRST = (
    select(*STORED, TAGS)
    .where(owned(OWNER), NOT_DELETED)
    .order_by(Task.created_at, Task.id)
    .limit(AT_ONCE)
)
SEEN = tuple_(
    bindparam("created_at", type_=UtcDateTime), bindparam("task_id", type_=Task.id.type)
)
FIRST_PAGE = CompiledStatement(FIRST)
NEXT_PAGE = CompiledStatement(FIRST.where(tuple_(Task.created_at, Task.id) > SEEN))


def pages(owner_id: int) -> Iterator[Sequence[AnyRow]]:
    """Yield the tasks of an owner that are outside the trash, the oldest first."""
    rows = _page(owner_id)
    while rows:
        yield rows
        rows = _page(owner_id, after=rows[-1])


def _page(owner_id: int, after: AnyRow | None = None) -> Sequence[AnyRow]:
    whose = {"whose": owner_id}
    if after is None:
        return replica.read(FIRST_PAGE, whose)
    return replica.read(
        NEXT_PAGE, whose | {"created_at": after.created_at, "task_id": after.id}
    )
