"""Random lists over 1 to 200 memberships equal a naive computation in Python.

By default a few examples with a fixed seed; LIST_EXAMPLES sets the number of random
ones for each world.
"""

import os
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.client import Client, field_errors
from tests.tasks import strategies
from tests.tasks.machine_values import as_query
from tests.tasks.model_fields import folded
from tests.tasks.model_lists import listed, stats, tags, words
from tests.tasks.support import follow, read_all
from tests.tasks.worlds import SIZES, World

EXAMPLES = os.environ.get("LIST_EXAMPLES")
LONG = "ALL_DATABASES" in os.environ
SEEDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
NAMES = ["created_at", "updated_at", "completed_at", "due_date", "priority", "title"]

keys = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
signs = st.tuples(*[st.sampled_from(["", "-"])] * 2)
sorts = st.builds(
    lambda names, signs: ",".join(map("".join, zip(signs, names, strict=False))),
    keys,
    signs,
)
accounts = st.integers(0, len(SIZES) - 1)
projects = st.none() | st.just("personal") | st.integers(0, 300)


def examples(usual: int) -> Any:
    """Return the settings of a property: how many examples, and which."""
    return settings(
        deadline=None,
        derandomize=EXAMPLES is None,
        database=None,
        max_examples=int(EXAMPLES or usual * (25 if LONG else 1)),
        suppress_health_check=list(HealthCheck),
    )


def named(world: World, filters: dict[str, Any]) -> dict[str, Any]:
    """Return filters with ids in place of numbers; some ids are of hidden rows."""
    choices = {
        "parent_id": world.ids,
        "project_id": world.project_ids,
        "assignee_id": [client.user["id"] for client in world.clients],
    }
    ids = {
        name: choices[name][filters[name] % len(choices[name])]
        for name in choices.keys() & filters
        if isinstance(filters[name], int)
    }
    several = {"ids": [world.ids[n] for n in filters.get("ids", [])]}
    return filters | ids | (several if "ids" in filters else {})


def check_pages(client: Client, query: str, expected: list[int], offset: int) -> None:
    """Read a list by cursors and by an offset, with its total."""
    limit = len(expected) // 5 + 2

    pages = read_all(client, f"{query}&limit={limit}")
    part = client.get(f"tasks?{query}&limit={limit}&offset={offset}&include_total=true")

    assert [task["id"] for task in pages] == expected, query
    assert part.json["total"] == len(expected), query
    ids = [task["id"] for task in part.json["items"]]
    assert ids == expected[offset : offset + limit], (query, offset)


@pytest.mark.parametrize("seed", SEEDS)
def test_lists_equal_a_naive_computation(app: Flask, seed: int) -> None:
    @examples(20)
    @given(accounts, strategies.filters, sorts, st.integers(0, 60))
    def check(account: int, chosen: dict[str, Any], sort: str, offset: int) -> None:
        client = world.act_as(account)
        filters = named(world, chosen)
        query = f"{as_query(filters)}&sort={sort}"
        if "q" in filters and not words(filters["q"]):
            assert [*field_errors(client.get(f"tasks?{query}"))] == ["q"]
        else:
            check_pages(client, query, listed(world.model, filters, sort), offset)

    with time_machine.travel(strategies.START, tick=False):
        world = World(app, seed)
        check()


@pytest.mark.parametrize("seed", SEEDS)
def test_tags_and_stats_equal_a_naive_computation(app: Flask, seed: int) -> None:
    @examples(6)
    @given(accounts, projects, st.integers(1, 5))
    def check(account: int, project: int | str | None, limit: int) -> None:
        client = world.act_as(account)
        filters = {} if project is None else named(world, {"project_id": project})
        query = as_query(filters)
        shown = client.get(f"tags?{query}&include_total=true").json
        read = follow(client, f"tags?{query}&limit={limit}")

        assert client.get(f"tasks/stats?{query}").json == stats(
            world.model, filters.get("project_id")
        )
        counted = [tag | {"name": folded(tag["name"])} for tag in read]
        assert counted == tags(world.model, filters.get("project_id"))
        assert shown["total"] == len(counted)

    with time_machine.travel(strategies.START, tick=False):
        world = World(app, seed)
        check()
