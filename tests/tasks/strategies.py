"""Hypothesis strategies for tasks, changes, filters and timestamps.

Values come from small sets, so that tasks share titles, tags, external ids and dates. A
task is named by a number: the number of tasks created after it. Numbers from ABSENT on
stand for tasks that do not exist.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from tests.tasks.model_lists import PRIORITIES, STATUSES

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ABSENT = 20
ANY = 4
"""Numbers of projects and accounts from which hidden ones and others are meant."""
FIELDS = ["created_at", "updated_at", "due_date", "priority", "title"]
ZONES = [UTC, timezone(timedelta(hours=5.5)), timezone(timedelta(hours=-8))]

texts = st.text("aAbZzäßé\u0301✓ _-%*'\"&|:1", max_size=8)
titles = texts.filter(str.strip)
tags = st.sampled_from(["home", "Home ", "büro", "ﬁx  it", "fix it", "a'b", "Z"])
actors = st.sampled_from(["ann", "ann", "bob", "carl"])
roles = st.sampled_from(["viewer", "editor", "owner"])
assignees = st.none() | st.integers(0, ANY)
external_ids = st.none() | st.sampled_from(["a", "a", "A"])
days = st.dates(date(2026, 2, 26), date(2026, 3, 4))
hours = st.integers(-72, 72).map(lambda number: START + timedelta(hours=number))
timestamps = st.builds(datetime.astimezone, hours, st.sampled_from(ZONES))
numbers = st.integers(0, 5) | st.integers(0, ABSENT)
parents = st.none() | numbers
projects = st.just({}) | st.fixed_dictionaries({"project_id": st.integers(0, ANY)})
levels = st.sampled_from([2, 3, 3, 9, 10, 11])
versions = st.sampled_from([None, None, None, 0, 0, 0, 1])
limits = st.integers(1, 4)
sorts = st.sampled_from([sign + field for field in FIELDS for sign in ("", "-")])

optional: dict[str, Any] = {
    "description": st.none() | texts,
    "status": st.sampled_from(STATUSES),
    "priority": st.sampled_from(PRIORITIES),
    "due_date": st.none() | days | timestamps,
    "tags": st.lists(tags, max_size=3),
    "external_id": external_ids,
    "assignee_id": assignees,
}
alone = st.fixed_dictionaries({"title": titles}, optional=optional)


def _with_subtasks(below: Any) -> Any:
    several = st.lists(below, max_size=2)
    return st.builds(lambda fields, subs: fields | {"subtasks": subs}, alone, several)


subtrees = st.recursive(alone, _with_subtasks, max_leaves=4)
new_tasks = st.builds(
    lambda fields, parent, project: fields | {"parent_id": parent} | project,
    subtrees,
    parents,
    projects,
)
changes = st.builds(
    lambda fields, project: fields | project,
    st.fixed_dictionaries(
        {}, optional=optional | {"title": titles, "parent_id": parents}
    ),
    projects,
)


def _request(create: list[Any], update: list[Any], numbers: list[int]) -> Any:
    """Return a bulk request that names each number once."""
    named = [f | {"id": n} for f, n in zip(update, numbers, strict=False)]
    return {"create": create, "update": named, "delete": numbers[len(named) :]}


updates = st.builds(lambda f, ahead: f | {"if_version": ahead}, changes, versions)
requests = st.builds(
    _request,
    st.lists(new_tasks, max_size=2),
    st.lists(updates, max_size=3),
    st.lists(numbers, max_size=4, unique=True),
).filter(lambda request: any(request.values()))
bounds = {
    f"{name}_{side}": timestamps
    for name in ("due", "created", "updated", "completed")
    for side in ("before", "after")
}
FILTERS = bounds | {
    "status": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=3),
    "priority": st.lists(st.sampled_from(PRIORITIES), min_size=1, max_size=3),
    "tag": st.lists(tags, min_size=1, max_size=2),
    "q": texts,
    "parent_id": st.just("none") | numbers,
    "overdue": st.booleans(),
    "project_id": st.just("personal") | numbers,
    "assignee_id": st.sampled_from(["me", "none"]) | st.integers(0, 2),
    "external_id": st.sampled_from(["a", "A"]),
    "ids": st.lists(numbers, min_size=1, max_size=3),
    "deleted": st.booleans(),
}
filters = st.lists(st.sampled_from(sorted(FILTERS)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)
