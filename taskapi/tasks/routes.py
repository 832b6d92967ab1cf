"""Tasks over HTTP."""

from typing import Any

from taskapi.scopes import Scope
from taskapi.tasks import service
from taskapi.tasks.schemas import TaskListArguments, TaskPageSchema, TaskSchema
from taskapi.web import conditional, pages
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.identity import caller

tasks = Blueprint("tasks", "Your tasks.", limit="default", takes_keys=True)

READ, WRITE = Scope.TASKS_READ, Scope.TASKS_WRITE


@tasks.post("/tasks", scope=WRITE)
@tasks.arguments(TaskSchema)
@tasks.response(201, TaskSchema, headers={"Location": "Location", "ETag": "ETag"})
def create_task(fields: dict[str, Any]) -> Any:
    """Make a task"""
    task = service.create(caller(), fields)
    return conditional.created(task, f"{PREFIX}/tasks/{task.id}")


@tasks.get("/tasks", scope=READ)
@tasks.arguments(TaskListArguments, location="query")
@tasks.response(200, TaskPageSchema, headers={"Link": "Link"})
@tasks.refuses("invalid-cursor")
def list_tasks(arguments: dict[str, Any]) -> Any:
    """List your tasks

    Follow `next_cursor` (or the Link header) to the end: the walk meets each task that
    was there throughout exactly once. Keep filters and sort meanwhile.
    """
    window = pages.window(arguments)
    sort = arguments.pop("sort")
    rows = service.find_page(caller(), arguments, sort, window)
    total = service.count(caller(), arguments) if window.with_total else None
    return pages.answer(rows, total, window)


@tasks.get("/tasks/<id:task_id>", scope=READ)
@tasks.response(200, TaskSchema)
@conditional.read
def get_task(task_id: int) -> Any:
    """Read a task"""
    return service.find(caller(), task_id)


@tasks.route("/tasks/<id:task_id>", methods=["PATCH", "PUT"], scope=WRITE)
@tasks.arguments(TaskSchema(partial=True))
@tasks.response(200, TaskSchema)
@conditional.write
def update_task(
    changes: dict[str, Any], task_id: int, versions: frozenset[int] | None
) -> Any:
    """Change a task

    A JSON merge patch (RFC 7396): what you leave out stays, null clears. PUT does the
    same, so that no client loses what it does not know. The media type
    `application/merge-patch+json` is accepted too. What changes nothing raises nothing.
    """
    return service.change(caller(), task_id, changes, versions)


@tasks.delete("/tasks/<id:task_id>", scope=WRITE)
@tasks.response(204)
@conditional.write
def delete_task(task_id: int, versions: frozenset[int] | None) -> None:
    """Delete a task"""
    service.delete(caller(), task_id, versions)
