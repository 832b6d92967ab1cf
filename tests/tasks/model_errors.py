"""Errors of the model; locations in a request are JSON pointers."""

from collections.abc import Mapping
from typing import Any

from tests.tasks.model_trees import Task


class Rejected(Exception):
    """An error response: status, code, and the locations of its errors."""

    def __init__(self, status: int, code: str, places: list[str] | None = None) -> None:
        super().__init__(status, code, sorted(places or []))


def placed(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the parts of a bulk request by their locations."""
    return {f"#/{kind}/{n}": part for n, part in enumerate(request[kind])}


def named_in(place: str, fields: Task, name: str = "external_id") -> dict[str, Any]:
    """Return one field of a new task and of its subtasks, by their locations."""
    found = {place: fields.get(name)}
    for number, sub in enumerate(fields.get("subtasks", [])):
        found |= named_in(f"{place}/subtasks/{number}", sub, name)
    return found


def reject(status: int, code: str, places: list[str]) -> None:
    """Raise Rejected if there are locations."""
    if places:
        raise Rejected(status, code, places)


def reject_repeated(named: dict[str, str | None]) -> None:
    """Reject the first repeated external id."""
    given = [(place, name) for place, name in named.items() if name is not None]
    names = [name for _, name in given]
    again = [place for n, (place, name) in enumerate(given) if name in names[:n]]
    reject(422, "validation-error", [f"{place}/external_id" for place in again[:1]])
