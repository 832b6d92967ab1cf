"""Routes of statistics."""

from taskapi.scopes import Scope
from taskapi.stats import service
from taskapi.stats.schemas import ServiceStatsSchema, TaskStatsSchema
from taskapi.typing import Fields
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller

stats = Blueprint(
    "stats", "Numbers of tasks and accounts.", limit="default", accepts_keys=True
)


@stats.get("/tasks/stats", scope=Scope.TASKS_READ)
@stats.response(200, TaskStatsSchema)
def get_task_stats() -> Fields:
    """Get task statistics

    Tasks in the trash are not counted.
    """
    return service.get_task_stats(caller())


@stats.get("/tasks/admin/stats", scope=Scope.ADMIN)
@stats.response(200, ServiceStatsSchema)
def get_service_stats() -> Fields:
    """Get service statistics

    Counts all accounts and their tasks. Tasks in the trash are not counted.
    """
    return service.get_service_stats()
