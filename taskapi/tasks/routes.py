"""Tasks over HTTP."""

from functools import partial
from typing import Any

from taskapi.scopes import Scope
from taskapi.tasks import bulk, reading, service, stats, tags
from taskapi.tasks.bulk_read_only import accept_read_only_members
from taskapi.tasks.filters import (
    BulkArguments,
    DeleteArguments,
    TaskArguments,
    TaskListArguments,
)
from taskapi.tasks.schemas import (
    BulkRequestSchema,
    BulkResultSchema,
    ServiceStatsSchema,
    TagPageSchema,
    TaskPageSchema,
    TaskSchema,
    TaskStatsSchema,
    TaskTreeSchema,
)
from taskapi.web import conditional, pagination, read_only
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import idempotent
from taskapi.web.settings import settings

tasks = Blueprint("tasks", "Your tasks.", limit="default", accepts_keys=True)

READ, WRITE = Scope.TASKS_READ, Scope.TASKS_WRITE
Versions = frozenset[int] | None


@tasks.post("/tasks", scope=WRITE)
@tasks.arguments(TaskTreeSchema)
@idempotent
@tasks.response(201, TaskTreeSchema, headers={"Location": "Location", "ETag": "ETag"})
@tasks.problems("already-exists", "limit-reached", "parent-too-deep")
def create_task(fields: dict[str, Any]) -> Any:
    """Make a task

    With `subtasks` the tree of what hangs below it is made as well, all or nothing.
    """
    task = service.create(caller(), fields)
    return conditional.created(task, f"{PREFIX}/tasks/{task.id}")


@tasks.get("/tasks", scope=READ)
@conditional.listing
@tasks.arguments(TaskListArguments, location="query")
@tasks.response(200, TaskPageSchema, headers={"Link": "Link"})
@tasks.problems("invalid-cursor")
def list_tasks(arguments: dict[str, Any]) -> Any:
    """List your tasks

    Follow `next_cursor` (or the Link header) to the end, with the same filters and
    sort. The walk returns exactly once each task that matches throughout and whose sort
    keys do not change. A task whose sort key changes may be returned twice or not at
    all; `created_at` never changes.
    """
    window = pagination.page_request(arguments)
    sort = arguments.pop("sort")
    rows = reading.find_page(caller(), arguments, sort, window)
    total = reading.count(caller(), arguments) if window.with_total else None
    return pagination.page_response(
        rows, total, window, reading.position(caller(), sort)
    )


@tasks.get("/tasks/<id:task_id>", scope=READ)
@tasks.arguments(TaskArguments, location="query")
@tasks.response(200, TaskTreeSchema)
@conditional.readable
def get_task(arguments: dict[str, Any], task_id: int) -> Any:
    """Read a task

    With `expand=subtasks` the answer has the tree of all that is below it, and no ETag.
    """
    if "expand" in arguments:
        return reading.find_trees(caller(), [task_id])[0]
    return conditional.tagged(reading.find(caller(), task_id))


@tasks.route("/tasks/<id:task_id>", methods=["PATCH", "PUT"], scope=WRITE)
@tasks.arguments(TaskSchema(partial=True))
@idempotent
@tasks.response(200, TaskSchema)
@tasks.problems("already-exists", "parent-cycle", "parent-too-deep")
@conditional.write
def update_task(changes: dict[str, Any], task_id: int, versions: Versions) -> Any:
    """Change a task

    A JSON merge patch (RFC 7396): what you leave out stays, null clears. PUT does the
    same, so that no client loses what it does not know. The media type
    `application/merge-patch+json` is accepted too. Read-only members that equal the
    stored ones are ignored, so that a task can be sent back as it was read with one
    field changed; another `version` is 412. A change without effect keeps the version.
    """
    read = partial(reading.find, caller(), task_id)
    versions = read_only.check(changes, TaskSchema, read, versions)
    return service.change(caller(), task_id, changes, versions)


@tasks.delete("/tasks/<id:task_id>", scope=WRITE)
@tasks.arguments(DeleteArguments, location="query")
@idempotent
@tasks.response(204)
@tasks.problems("limit-reached")
@conditional.write
def delete_task(arguments: dict[str, bool], task_id: int, versions: Versions) -> None:
    """Delete a task

    It goes to the trash with all that is below it, and can be restored for a while. At
    most 10,000 tasks are deleted at once.
    """
    service.delete(caller(), task_id, versions, **arguments)


@tasks.post("/tasks/<id:task_id>/restore", scope=WRITE)
@idempotent
@tasks.response(200, TaskSchema)
@tasks.problems("already-exists")
@conditional.write
def restore_task(task_id: int, versions: Versions) -> Any:
    """Take a task out of the trash

    What went with it comes back with it. When its parent is not there any more, it
    comes to the top level.
    """
    return service.restore(caller(), task_id, versions)


@tasks.post("/tasks/bulk", scope=WRITE)
@tasks.arguments(BulkArguments, location="query")
@tasks.arguments(BulkRequestSchema)
@idempotent
@tasks.response(200, BulkResultSchema)
@tasks.problems(
    "already-exists",
    "limit-reached",
    "parent-cycle",
    "parent-too-deep",
    "precondition-failed",
    "precondition-required",
)
def bulk_tasks(arguments: dict[str, bool], request: dict[str, Any]) -> Any:
    """Make, change and delete many tasks

    All of it happens, or nothing: first the changes, then the deletions, then the new
    tasks. Faults name their place, such as `#/update/3/title`.
    """
    accept_read_only_members(caller(), request)
    if settings.require_if_match:
        bulk.refuse_unguarded(request)
    return bulk.run(caller(), request, **arguments)


@tasks.get("/tasks/stats", scope=READ)
@tasks.response(200, TaskStatsSchema)
def get_task_stats() -> Any:
    """Count your tasks

    What is in the trash does not count.
    """
    return stats.of_owner(caller())


@tasks.get("/tasks/admin/stats", scope=Scope.ADMIN)
@tasks.response(200, ServiceStatsSchema)
@tasks.problems("admin-required")
def get_service_stats() -> Any:
    """Count all accounts and all tasks

    What is in the trash does not count.
    """
    return stats.of_everyone()


@tasks.get("/tags", scope=READ)
@tasks.arguments(pagination.PageArguments, location="query")
@tasks.response(200, TagPageSchema, headers={"Link": "Link"})
@tasks.problems("invalid-cursor")
def list_tags(arguments: dict[str, Any]) -> Any:
    """List your tags

    By name, with how many tasks have each.
    """
    window = pagination.page_request(arguments)
    return pagination.page_response(*tags.find_page(caller(), window), window)
