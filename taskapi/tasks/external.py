"""External ids: the caller's own keys of tasks, each used once among live tasks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, select

from taskapi import db
from taskapi.errors import AlreadyExists, Fault, Invalid
from taskapi.tasks.models import LIVE, Task
from taskapi.tasks.queries import OWNER, owned
from taskapi.tasks.trees import Path

TAKEN = select(Task.id, Task.external_id).where(
    owned(OWNER), LIVE, Task.external_id.in_(bindparam("external_ids", expanding=True))
)


@contextmanager
def unique(owner_id: int, given: Mapping[Path, Mapping[str, Any]]) -> Iterator[None]:
    """Turn a taken external id of the block into AlreadyExists, with who has it.

    `given` are the fields of the request by their place in it; raises Invalid when two
    of them want the same external id.
    """
    places = _places(given)
    try:
        with db.unique(Task):
            yield
    except AlreadyExists as error:
        names = {"whose": owner_id, "external_ids": list(places)}
        taken = db.read(TAKEN, names)
        fault = Fault("Another task has this external id.", "taken")
        raise AlreadyExists(
            "You have a task with this external_id; change it, or choose another one.",
            faults={
                (*places[row.external_id], "external_id"): [fault] for row in taken
            },
            field="external_id",
            existing_id=taken[0].id if taken else None,
        ) from error


def _places(given: Mapping[Path, Mapping[str, Any]]) -> dict[str, Path]:
    """Return where each external id of the request stands."""
    places: dict[str, Path] = {}
    for path, fields in given.items():
        name = fields.get("external_id")
        if name in places:
            fault = Fault("This is given more than once.", "repeated")
            raise Invalid({(*path, "external_id"): [fault]})
        if name is not None:
            places[name] = path
    return places
