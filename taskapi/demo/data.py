"""A believable month of tasks, told in days from today."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from taskapi.import_export.drafts import Draft
from taskapi.tasks.models import Priority, Status

TODO, DOING, DONE, OFF = Status
LOW, MEDIUM, HIGH, URGENT = Priority


class Plan(NamedTuple):
    """A task: made, due and done so many days from today; and what hangs below it."""

    title: str
    tags: tuple[str, ...] = ()
    made: int = -7
    due: int | None = None
    status: Status = TODO
    priority: Priority = MEDIUM
    done: int = 0
    description: str | None = None
    parts: "tuple[Plan, ...]" = ()


MONTH = (
    Plan(
        "Move the team to the new office",
        ("office",),
        made=-28,
        due=9,
        status=DOING,
        priority=HIGH,
        description="The lease begins on the first. Keys are at the front desk.",
        parts=(
            Plan("Compare three movers", ("office",), -28, -20, DONE, done=-21),
            Plan("Book the mover", ("office",), -21, -14, DONE, HIGH, done=-15),
            Plan("Label the boxes", ("office",), -10, 5, DOING),
            Plan("Order keys for everybody", ("office",), -10, 7),
            Plan(
                "Change the address",
                ("office", "paperwork"),
                -9,
                14,
                parts=(
                    Plan("On the website", ("website",), -9, 10),
                    Plan("At the bank", ("paperwork",), -9, 14),
                    Plan("On invoices", ("paperwork", "finance"), -9, 12),
                ),
            ),
        ),
    ),
    Plan(
        "Release 2.4",
        ("release",),
        made=-21,
        due=2,
        status=DOING,
        priority=URGENT,
        parts=(
            Plan("Freeze the features", ("release",), -21, -10, DONE, done=-10),
            Plan("Translate the new texts", ("release",), -14, -3, DONE, done=-2),
            Plan("Try it with the pilot customers", ("release",), -7, 0, DOING, HIGH),
            Plan("Write the release notes", ("release", "writing"), -5, 1),
            Plan("Tell the customers", ("release", "writing"), -5, 3),
        ),
    ),
    Plan(
        "Summer party",
        ("team",),
        made=-25,
        due=24,
        parts=(
            Plan("Find a day that suits most", ("team",), -25, -12, DONE, done=-13),
            Plan("Reserve the boathouse", ("team",), -12, 4, priority=HIGH),
            Plan("Ask who brings what", ("team",), -12, 15, priority=LOW),
        ),
    ),
    Plan("Pay the rent", ("finance",), -27, -20, DONE, URGENT, done=-20),
    Plan("Send the invoices", ("finance",), -25, -16, DONE, HIGH, done=-15),
    Plan("Remind Miller & Sons", ("finance",), -13, -2, priority=HIGH),
    Plan("Prepare the tax return", ("finance", "paperwork"), -20, 18),
    Plan("Renew the domain", ("website",), -18, 1, priority=URGENT),
    Plan("Mend the contact form", ("website", "bug"), -16, -9, DONE, HIGH, -11),
    Plan("Logos are blurred on phones", ("website", "bug"), -6, 6, DOING),
    Plan("Write about our first year", ("website", "writing"), -22, None, OFF, LOW),
    Plan("Interview for the second desk", ("team", "hiring"), -8, 3, priority=HIGH),
    Plan("Answer all applications", ("hiring",), -11, -4, DONE, done=-4),
    Plan("Restore a backup, to see that it works", ("servers",), -24, -1),
    Plan("Update the database server", ("servers",), -19, -8, DONE, HIGH, -8),
    Plan("Throw out old accounts", ("servers", "paperwork"), -15, 20, priority=LOW),
    Plan("Water the plants", ("office",), -3, 0),
    Plan("Descale the coffee machine", ("office",), -17, -5, DONE, LOW, -6),
    Plan("Buy a second whiteboard", ("office",), -23, None, OFF, LOW),
    Plan("Read the book on estimates", ("learning",), -26, None, priority=LOW),
    Plan("Course in first aid", ("learning", "team"), -14, 11),
)
THROWN_AWAY = (
    Plan("Rent a fax machine", ("office",), -24, -18),
    Plan("test", (), -22),
    Plan("Fwd: Re: Re: agenda", ("team",), -12, -11),
)


def _size(plan: Plan) -> int:
    return 1 + sum(map(_size, plan.parts))


SIZE = sum(map(_size, (*MONTH, *THROWN_AWAY)))


def drafts(now: datetime) -> Iterator[Draft]:
    """Yield the month again and again: each round is a minute older, and numbered."""
    numbers = count(1)
    for turn in count(1):
        begins = now - timedelta(minutes=turn)
        for plan in (*MONTH, *THROWN_AWAY):
            yield from _told(plan, begins, numbers, turn)


def thrown_away() -> list[str]:
    """Return the external ids of what is to lie in the trash."""
    return [_name(SIZE - n) for n in range(len(THROWN_AWAY))]


def _told(
    plan: Plan, now: datetime, numbers: Iterator[int], turn: int, up: int | None = None
) -> Iterator[Draft]:
    number = next(numbers)
    yield Draft(number, _fields(plan, now, turn) | _places(number, up))
    for part in plan.parts:
        yield from _told(part, now, numbers, turn, number)


def _places(number: int, up: int | None) -> dict[str, Any]:
    return {"id": number, "parent_id": up, "external_id": _name(number)}


def _name(number: int) -> str:
    return f"demo-{number}"


def _fields(plan: Plan, now: datetime, turn: int) -> dict[str, Any]:
    due = None if plan.due is None else (now + timedelta(days=plan.due)).date()
    completed_at = now + timedelta(days=plan.done) if plan.status is DONE else None
    return {
        "title": plan.title if turn == 1 else f"{plan.title} ({turn})",
        "description": plan.description,
        "status": plan.status,
        "priority": plan.priority,
        "due_date": due,
        "tags": sorted(plan.tags),
        "created_at": now + timedelta(days=plan.made),
        "completed_at": completed_at,
    }
