"""Read-only members in the updates of a bulk request."""

from typing import Any

from taskapi.errors import FieldError
from taskapi.tasks import reading
from taskapi.tasks.schemas import TaskSchema
from taskapi.web import read_only
from taskapi.web.schema import READ_ONLY


def accept_read_only_members(caller: Any, request: dict[str, Any]) -> None:
    """Compare them with the tasks; a `version` is left for `bulk` to compare.

    Tasks that do not exist or have another version are left for it too.
    """
    sent = {
        number: (update, update.pop(READ_ONLY))
        for number, update in enumerate(request.get("update", ()))
        if READ_ONLY in update
    }
    for update, members in sent.values():
        if read_only.is_version(members.get("version")):
            update["version"] = members.pop("version")
    ids = [update["id"] for update, members in sent.values() if members]
    tasks = {task.id: task for task in reading.find_present(caller, ids)}
    errors: dict[Any, list[FieldError]] = {}
    for number, (update, members) in sent.items():
        task = tasks.get(update["id"])
        if members and task and update.get("version", task.version) == task.version:
            found = read_only.differences(members, TaskSchema, task)
            errors |= {("update", number, name): e for name, e in found.items()}
    read_only.reject(errors)
