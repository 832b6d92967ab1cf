"""JSON representation of statistics."""

from enum import StrEnum

from taskapi.tasks.filters import project
from taskapi.tasks.models import TaskPriority, TaskStatus
from taskapi.web.fields import Count, Nested
from taskapi.web.schema import Schema


def counts(name: str, kind: type[StrEnum]) -> Nested:
    """Return a field with a number for each member of an enum."""
    members = {member.value: Count() for member in kind}
    return Nested(type(f"{name}Schema", (Schema,), members))


class TaskStatsArguments(Schema):
    """Query parameters of the statistics of tasks."""

    project_id = project()


class TaskStatsSchema(Schema):
    """Numbers of tasks outside the trash."""

    total = Count(metadata={"examples": [12]})
    by_status = counts("StatusCounts", TaskStatus)
    by_priority = counts("PriorityCounts", TaskPriority)
    overdue = Count()
    created_last_7_days = Count()
    completed_last_7_days = Count()


class UserStatsSchema(Schema):
    """Numbers of accounts."""

    total = Count()
    active = Count()
    admins = Count()


class ServiceStatsSchema(Schema):
    """Numbers of accounts and of their tasks."""

    users = Nested(UserStatsSchema)
    tasks = Nested(TaskStatsSchema)
