"""Routes of tasks and tags."""

from functools import partial

from taskapi.projects import access
from taskapi.scopes import Scope
from taskapi.tasks import bulk, reads, service, tags
from taskapi.tasks.bulk_schemas import (
    BulkRequestSchema,
    BulkResultSchema,
    check_read_only,
)
from taskapi.tasks.filters import (
    BulkArguments,
    DeleteArguments,
    TagListArguments,
    TaskArguments,
    TaskListArguments,
)
from taskapi.tasks.models import ShownTaskRow
from taskapi.tasks.schemas import (
    TagPageSchema,
    TaskPageSchema,
    TaskSchema,
    TaskTreeSchema,
)
from taskapi.typing import Fields
from taskapi.web import conditional, pagination
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.conditional import ExpectedVersions, Headers, Resource
from taskapi.web.idempotency import idempotent
from taskapi.web.pagination import PageResponse
from taskapi.web.settings import settings

tasks = Blueprint("tasks", "Your tasks and tags.", limit="default", accepts_keys=True)

READ, WRITE = Scope.TASKS_READ, Scope.TASKS_WRITE


@tasks.post("/tasks", scope=WRITE)
@tasks.arguments(TaskTreeSchema)
@idempotent
@tasks.response(201, TaskTreeSchema, headers={"Location": "Location", "ETag": "ETag"})
@tasks.problems("role-required")
@tasks.problems("already-exists", field="external_id", existing_id=12)
@tasks.problems("limit-reached", limit=100_000)
@tasks.problems("parent-too-deep")
def create_task(fields: Fields) -> tuple[Resource, Headers]:
    """Create a task

    `subtasks` are created with it, at any depth: all of them or none.
    """
    task = service.create(caller(), fields)
    return conditional.created(task, f"{PREFIX}/tasks/{task.id}")


@tasks.get("/tasks", scope=READ)
@conditional.listing
@tasks.arguments(TaskListArguments, location="query")
@tasks.response(200, TaskPageSchema, headers={"Link": "Link"})
@tasks.problems("invalid-cursor")
def list_tasks(arguments: Fields) -> PageResponse:
    """List tasks

    To read all pages, follow `next_cursor` (or the Link header) with the same filters
    and sort order. Each task that matches throughout, and whose sort keys do not
    change, is returned exactly once. A task whose sort keys change may be returned
    twice or not at all; `created_at` never changes.
    """
    page = pagination.page_request(arguments)
    sort = arguments.pop("sort")
    rows = reads.find_page(caller(), arguments, sort, page)
    total = reads.count(caller(), arguments) if page.with_total else None
    return pagination.page_response(rows, total, page, reads.position(caller(), sort))


@tasks.get("/tasks/<id:task_id>", scope=READ)
@tasks.arguments(TaskArguments, location="query")
@tasks.response(200, TaskTreeSchema)
@conditional.readable
def get_task(arguments: Fields, task_id: int) -> object:
    """Get a task

    With `expand=subtasks` the response contains all descendants, and has no ETag.
    """
    if "expand" in arguments:
        return reads.find_trees(caller(), [task_id])[0]
    return conditional.with_entity_tag(reads.find(caller(), task_id))


@tasks.route("/tasks/<id:task_id>", methods=["PATCH", "PUT"], scope=WRITE)
@tasks.arguments(TaskSchema(partial=True))
@idempotent
@tasks.response(200, TaskSchema)
@tasks.problems("role-required")
@tasks.problems("already-exists", field="external_id", existing_id=12)
@tasks.problems("parent-cycle", "parent-too-deep")
@conditional.write
def update_task(
    changes: Fields, task_id: int, versions: ExpectedVersions
) -> ShownTaskRow:
    """Update a task

    The body is a JSON merge patch (RFC 7396): omitted fields keep their values, and
    `null` clears a field. PUT does the same, so that a client does not clear fields
    that it does not know. The media type `application/merge-patch+json` is accepted
    too.

    Read-only members that equal the stored ones are ignored, so that you can send a
    task back as you read it, with one field changed. Another `version` returns 412.
    An update without effect does not change the version.
    """
    read = partial(reads.find, caller(), task_id)
    versions = conditional.check_read_only(changes, TaskSchema, read, versions)
    return service.change(caller(), task_id, changes, versions)


@tasks.delete("/tasks/<id:task_id>", scope=WRITE)
@tasks.arguments(DeleteArguments, location="query")
@idempotent
@tasks.response(204)
@tasks.problems("role-required")
@tasks.problems("limit-reached", limit=10_000)
@conditional.write
def delete_task(arguments: Fields, task_id: int, versions: ExpectedVersions) -> None:
    """Delete a task

    The task is moved to the trash with its descendants, and can be restored until the
    trash is purged. One request deletes at most 10,000 tasks.
    """
    service.delete(caller(), task_id, versions, **arguments)


@tasks.post("/tasks/<id:task_id>/restore", scope=WRITE)
@idempotent
@tasks.response(200, TaskSchema)
@tasks.problems("role-required")
@tasks.problems("already-exists", field="external_id", existing_id=12)
@conditional.write
def restore_task(task_id: int, versions: ExpectedVersions) -> ShownTaskRow:
    """Restore a task

    The descendants that were deleted with it are restored too. If its parent no longer
    exists, it moves to the top level.
    """
    return service.restore(caller(), task_id, versions)


@tasks.post("/tasks/bulk", scope=WRITE)
@tasks.arguments(BulkArguments, location="query")
@tasks.arguments(BulkRequestSchema)
@idempotent
@tasks.response(200, BulkResultSchema)
@tasks.problems("role-required")
@tasks.problems("already-exists", field="external_id", existing_id=12)
@tasks.problems("limit-reached", limit=100_000)
@tasks.problems("parent-cycle", "parent-too-deep")
@tasks.problems("precondition-failed", "precondition-required")
def bulk_tasks(arguments: dict[str, bool], request: Fields) -> Fields:
    """Create, update and delete tasks

    Either all changes are made or none: updates first, then deletions, then creations.
    Errors have a pointer such as `#/update/3/title`.
    """
    check_read_only(request, partial(reads.find_existing, caller()))
    if settings.require_if_match:
        bulk.check_versions_named(request)
    return bulk.run(caller(), request, **arguments)


@tasks.get("/tags", scope=READ)
@tasks.arguments(TagListArguments, location="query")
@tasks.response(200, TagPageSchema, headers={"Link": "Link"})
@tasks.problems("invalid-cursor")
def list_tags(arguments: Fields) -> PageResponse:
    """List tags

    The tags of all projects that you can see, or of one, sorted by name. `task_count`
    is the number of tasks with the tag.
    """
    page = pagination.page_request(arguments)
    project_id = access.chosen(caller(), arguments.get("project_id"))
    rows, total = tags.find_page(caller(), page, project_id)
    return pagination.page_response(rows, total, page)
