"""A realistic month of tasks, with dates in days relative to today."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from taskapi.import_export.lines import ParsedTask
from taskapi.tasks.models import TaskPriority, TaskStatus
from taskapi.typing import Fields

TODO, IN_PROGRESS, COMPLETED, CANCELLED = TaskStatus
LOW, MEDIUM, HIGH, URGENT = TaskPriority


class Template(NamedTuple):
    """A task whose dates are numbers of days relative to today."""

    title: str
    tags: tuple[str, ...] = ()
    created: int = -7
    due: int | None = None
    status: TaskStatus = TODO
    priority: TaskPriority = MEDIUM
    completed: int = 0
    description: str | None = None
    subtasks: "tuple[Template, ...]" = ()


MONTH = (
    Template(
        "Move the team to the new office",
        ("office",),
        created=-28,
        due=9,
        status=IN_PROGRESS,
        priority=HIGH,
        description="The lease begins on the first. Keys are at the front desk.",
        subtasks=(
            Template(
                "Compare three movers", ("office",), -28, -20, COMPLETED, completed=-21
            ),
            Template(
                "Book the mover", ("office",), -21, -14, COMPLETED, HIGH, completed=-15
            ),
            Template("Label the boxes", ("office",), -10, 5, IN_PROGRESS),
            Template("Order keys for all colleagues", ("office",), -10, 7),
            Template(
                "Change the address",
                ("office", "paperwork"),
                -9,
                14,
                subtasks=(
                    Template("On the website", ("website",), -9, 10),
                    Template("At the bank", ("paperwork",), -9, 14),
                    Template("On invoices", ("paperwork", "finance"), -9, 12),
                ),
            ),
        ),
    ),
    Template(
        "Release 2.4",
        ("release",),
        created=-21,
        due=2,
        status=IN_PROGRESS,
        priority=URGENT,
        subtasks=(
            Template(
                "Freeze the features", ("release",), -21, -10, COMPLETED, completed=-10
            ),
            Template(
                "Translate the new texts",
                ("release",),
                -14,
                -3,
                COMPLETED,
                completed=-2,
            ),
            Template(
                "Test with the pilot customers", ("release",), -7, 0, IN_PROGRESS, HIGH
            ),
            Template("Write the release notes", ("release", "writing"), -5, 1),
            Template("Inform the customers", ("release", "writing"), -5, 3),
        ),
    ),
    Template(
        "Summer party",
        ("team",),
        created=-25,
        due=24,
        subtasks=(
            Template("Find a date", ("team",), -25, -12, COMPLETED, completed=-13),
            Template("Reserve the boathouse", ("team",), -12, 4, priority=HIGH),
            Template("Plan the buffet", ("team",), -12, 15, priority=LOW),
        ),
    ),
    Template("Pay the rent", ("finance",), -27, -20, COMPLETED, URGENT, completed=-20),
    Template(
        "Send the invoices", ("finance",), -25, -16, COMPLETED, HIGH, completed=-15
    ),
    Template("Remind Miller & Sons", ("finance",), -13, -2, priority=HIGH),
    Template("Prepare the tax return", ("finance", "paperwork"), -20, 18),
    Template("Renew the domain", ("website",), -18, 1, priority=URGENT),
    Template("Fix the contact form", ("website", "bug"), -16, -9, COMPLETED, HIGH, -11),
    Template("Logos are blurred on phones", ("website", "bug"), -6, 6, IN_PROGRESS),
    Template(
        "Write a post about our first year",
        ("website", "writing"),
        -22,
        None,
        CANCELLED,
        LOW,
    ),
    Template("Interview for the second desk", ("team", "hiring"), -8, 3, priority=HIGH),
    Template(
        "Reply to all applications", ("hiring",), -11, -4, COMPLETED, completed=-4
    ),
    Template("Test restoring a backup", ("servers",), -24, -1),
    Template("Update the database server", ("servers",), -19, -8, COMPLETED, HIGH, -8),
    Template("Delete old accounts", ("servers", "paperwork"), -15, 20, priority=LOW),
    Template("Water the plants", ("office",), -3, 0),
    Template("Descale the coffee machine", ("office",), -17, -5, COMPLETED, LOW, -6),
    Template("Buy a second whiteboard", ("office",), -23, None, CANCELLED, LOW),
    Template("Read the book on estimates", ("learning",), -26, None, priority=LOW),
    Template("Course in first aid", ("learning", "team"), -14, 11),
)
TRASHED = (
    Template("Rent a fax machine", ("office",), -24, -18),
    Template("test", (), -22),
    Template("Fwd: Re: Re: agenda", ("team",), -12, -11),
)


def _size(template: Template) -> int:
    return 1 + sum(map(_size, template.subtasks))


SIZE = sum(map(_size, (*MONTH, *TRASHED)))


def generate_tasks(now: datetime) -> Iterator[ParsedTask]:
    """Yield the month repeatedly, each repetition numbered and one minute older."""
    numbers = count(1)
    for repetition in count(1):
        today = now - timedelta(minutes=repetition)
        for template in (*MONTH, *TRASHED):
            for task in _tree(template, today, numbers):
                if repetition > 1:
                    task.fields["title"] += f" ({repetition})"
                yield task


def trashed_external_ids() -> list[str]:
    """Return the external ids of the tasks to move to the trash."""
    return [_external_id(SIZE - n) for n in range(len(TRASHED))]


def _tree(
    template: Template, today: datetime, numbers: Iterator[int], up: int | None = None
) -> Iterator[ParsedTask]:
    number = next(numbers)
    ids = {"id": number, "parent_id": up, "external_id": _external_id(number)}
    yield ParsedTask(number, _fields(template, today) | ids)
    for subtask in template.subtasks:
        yield from _tree(subtask, today, numbers, number)


def _external_id(number: int) -> str:
    return f"demo-{number}"


def _fields(template: Template, today: datetime) -> Fields:
    due, is_completed = template.due, template.status is COMPLETED
    return {
        "title": template.title,
        "description": template.description,
        "status": template.status,
        "priority": template.priority,
        "due_date": None if due is None else (today + timedelta(days=due)).date(),
        "tags": sorted(template.tags),
        "created_at": today + timedelta(days=template.created),
        "completed_at": today + timedelta(days=template.completed)
        if is_completed
        else None,
    }
