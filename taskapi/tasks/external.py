"""External ids: the caller's own keys of tasks, each used once among live tasks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, select

from taskapi import db
from taskapi.db import statements
from taskapi.errors import AlreadyExists, FieldError, Invalid
from taskapi.tasks.models import NOT_DELETED, Task
from taskapi.tasks.queries import OWNER, owned
from taskapi.tasks.tree import Path

TAKEN = (
    select(Task.id, Task.external_id)
    .where(
        owned(OWNER),
        NOT_DELETED,
        Task.external_id.in_(bindparam("external_ids", expanding=True)),
    )
    .order_by(Task.id)
)


@contextmanager
def unique(owner_id: int, wanted: Mapping[str, Path]) -> Iterator[None]:
    """Turn a taken external id of the block into AlreadyExists, with who has it.

    `wanted` are the external ids that the block gives, with their places.
    """
    try:
        with statements.unique(Task):
            yield
    except AlreadyExists as error:
        names = {"whose": owner_id, "external_ids": list(wanted)}
        taken = db.read(TAKEN, names)
        fault = FieldError("Another task has this external id.", "taken")
        raise AlreadyExists(
            "You have a task with this external_id; change it, or choose another one.",
            errors={
                (*wanted[row.external_id], "external_id"): [fault] for row in taken
            },
            field="external_id",
            existing_id=taken[0].id if taken else None,
        ) from error


def places(given: Mapping[Path, Mapping[str, Any]]) -> dict[str, Path]:
    """Return where each external id stands, of fields by their place in the request.

    Raises Invalid when two of them want the same.
    """
    found: dict[str, Path] = {}
    for path, fields in given.items():
        name = fields.get("external_id")
        if name in found:
            fault = FieldError("This is given more than once.", "repeated")
            raise Invalid({(*path, "external_id"): [fault]})
        if name is not None:
            found[name] = path
    return found
