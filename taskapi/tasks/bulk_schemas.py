"""JSON representation of bulk requests."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from marshmallow import fields

from taskapi.errors import FieldError
from taskapi.tasks import models
from taskapi.tasks.models import ShownTaskRow
from taskapi.tasks.schemas import TaskSchema, TaskTreeSchema
from taskapi.typing import Fields, JsonObject, Path
from taskapi.web import conditional
from taskapi.web.fields import Integer, Nested, Several
from taskapi.web.schema import READ_ONLY, Schema
from taskapi.web.validators import Length


class BulkTaskUpdateSchema(TaskSchema):
    """A change of a task in a bulk request."""

    input_name = "BulkTaskUpdate"
    example: ClassVar[JsonObject] = {"id": 1, "if_version": 2, "priority": "low"}

    id = Integer(required=True, low=1)
    if_version = Integer(
        low=1,
        metadata={"description": "Reject the request if the task has another version."},
    )


class BulkRequestSchema(Schema):
    """Creations, changes and deletions of 1 to 100 tasks, each named once."""

    json_schema: ClassVar[JsonObject] = {"minProperties": 1}
    example: ClassVar[JsonObject] = {
        "create": [{"title": "Sow", "tags": ["garden"]}, {"title": "Dig"}]
    }

    create = Several(
        Nested(lambda: TaskTreeSchema().for_input()),
        validate=Length(max=models.MAX_BULK_TASKS),
    )
    update = Several(
        Nested(lambda: BulkTaskUpdateSchema(partial=("title",)).for_input()),
        validate=Length(max=models.MAX_BULK_TASKS),
    )
    delete = Several(Integer(low=1), validate=Length(max=models.MAX_BULK_TASKS))


class BulkResultSchema(Schema):
    """The result of a bulk request, in its order."""

    created = fields.List(
        Nested(TaskSchema), metadata={"maxItems": models.MAX_BULK_TASKS}
    )
    updated = fields.List(
        Nested(TaskSchema), metadata={"maxItems": models.MAX_BULK_TASKS}
    )
    deleted = fields.List(Integer(low=1), metadata={"maxItems": models.MAX_BULK_TASKS})


def check_read_only(
    request: Fields, find: Callable[[list[int]], Iterable[ShownTaskRow]]
) -> None:
    """Remove the read-only members of updates; raise Invalid if one differs.

    `find` returns the existing tasks among ids. A `version` stays in its update: `bulk`
    checks it, and rejects tasks that do not exist, so these are not compared here.
    """
    sent: dict[int, tuple[Fields, Fields]] = {
        number: (update, update.pop(READ_ONLY))
        for number, update in enumerate(request.get("update", ()))
        if READ_ONLY in update
    }
    for update, members in sent.values():
        if conditional.is_version(members.get("version")):
            update["version"] = members.pop("version")
    ids = [update["id"] for update, members in sent.values() if members]
    tasks = {task.id: task for task in find(ids)}
    errors: dict[Path, list[FieldError]] = {}
    for number, (update, members) in sent.items():
        task = tasks.get(update["id"])
        if members and task and update.get("version", task.version) == task.version:
            different = conditional.differences(members, TaskSchema, task)
            errors |= {("update", number, n): e for n, e in different.items()}
    conditional.reject(errors)
