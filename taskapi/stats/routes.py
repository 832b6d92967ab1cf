"""Routes of statistics."""

from taskapi.scopes import Scope
from taskapi.stats import service
from taskapi.stats.schemas import (
    ServiceStatsSchema,
    TaskStatsArguments,
    TaskStatsSchema,
)
from taskapi.typing import Fields
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller

stats = Blueprint(
    "stats", "Numbers of tasks and accounts.", limit="default", accepts_keys=True
)


@stats.get("/tasks/stats", scope=Scope.TASKS_READ)
@stats.arguments(TaskStatsArguments, location="query")
@stats.response(200, TaskStatsSchema)
def get_task_stats(arguments: Fields) -> Fields:
    """Get task statistics

    Counts the tasks of all projects that you can see, or of one. Tasks in the trash are
    not counted.
    """
    return service.get_task_stats(caller(), arguments.get("project_id"))


@stats.get("/tasks/admin/stats", scope=Scope.ADMIN)
@stats.response(200, ServiceStatsSchema)
def get_service_stats() -> Fields:
    """Get service statistics

    Counts all accounts and their tasks. Tasks in the trash are not counted.
    """
    return service.get_service_stats()
