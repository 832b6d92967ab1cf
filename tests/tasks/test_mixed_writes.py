"""Concurrent writes of all kinds by one owner: no failures and no broken trees."""

import random
from functools import partial
from typing import Any

import pytest

from tests.helpers.client import Client
from tests.helpers.concurrency import meeting, run_concurrently
from tests.tasks.trees import ids_below

WRITERS, WRITES = 8, 12
EXPECTED = {200, 201, 204, 404, 409, 412, 422}


def write(client: Client, ids: list[int], rng: random.Random) -> Any:
    """Send a random write that changes trees."""
    one, other, third = rng.sample(ids, 3)
    name = {"external_id": rng.choice("ABC")}
    writes = [
        partial(client.patch, f"tasks/{one}", {"parent_id": other}),
        partial(client.patch, f"tasks/{one}", {"parent_id": None, "tags": ["a"]}),
        partial(client.patch, f"tasks/{one}", {"status": "completed"} | name),
        partial(client.delete, f"tasks/{one}"),
        partial(client.post, f"tasks/{one}/restore"),
        partial(client.post, f"tasks/{one}/restore"),
        partial(client.post, "tasks", {"title": "New", "parent_id": one}),
        partial(
            client.post,
            "tasks/bulk",
            {
                "create": [{"title": "Bulk", "parent_id": one} | name],
                "update": [{"id": other, "parent_id": one, "tags": ["b"]}],
                "delete": [third],
            },
        ),
        partial(
            client.post,
            "tasks/bulk",
            {"update": [{"id": i, "title": "Tea"} for i in (one, other, third)]},
        ),
    ]
    return rng.choice(writes)()


def keep_writing(client: Client, ids: list[int], seed: int) -> set[int]:
    """Send several writes; return the statuses of the responses."""
    rng = random.Random(seed)  # noqa: S311 - reproducible writes
    return {write(client, ids, rng).status_code for _ in range(WRITES)}


def everything(client: Client, query: str) -> list[dict[str, Any]]:
    """Return all tasks of a list."""
    pages = [client.get(f"tasks?limit=100&{query}&page={n}").json for n in (1, 2, 3)]
    assert pages[-1]["next_cursor"] is None
    return [task for page in pages for task in page["items"]]


def test_concurrent_mixed_writes_keep_trees_valid(ann: Client) -> None:
    three = [{"title": "Step", "subtasks": [{"title": "Deeper"}]}] * 3
    ids = ids_below(ann.create_task(subtasks=three))

    statuses = run_concurrently(
        *[partial(keep_writing, ann, ids, seed) for seed in range(WRITERS)]
    )

    live = {task["id"]: task for task in everything(ann, "deleted=false")}
    tops = [task["id"] for task in live.values() if task["parent_id"] is None]
    trees = [ann.get(f"tasks/{top}?expand=subtasks").json for top in tops]
    assert set.union(*statuses) <= EXPECTED
    assert sorted(i for tree in trees for i in ids_below(tree)) == sorted(live)
    assert set(ids) <= {*live, *(t["id"] for t in everything(ann, "deleted=true"))}


RENAME = "UPDATE tasks SET external_id=%(external_id)s::VARCHAR, title"
"""The statement that renames a task on PostgreSQL; SQLite has no concurrent writes."""


def test_deadlocked_writes_are_repeated(
    ann: Client,
) -> None:
    task = ann.create_task(subtasks=[{"title": "Below"}])
    below, name = task["subtasks"][0]["id"], {"external_id": "A"}
    other = {"id": ann.create_task()["id"]} | name
    bulk = {"update": [other], "delete": [task["id"]]}

    with meeting(ann.app, (RENAME, "WITH RECURSIVE")):
        many, single = run_concurrently(
            partial(ann.post, "tasks/bulk", bulk),
            partial(ann.patch, f"tasks/{below}", name | {"title": "Other"}),
        )

    assert (many.status_code, single.status_code) in {(200, 404), (409, 200)}


@pytest.mark.parametrize("attempt", range(2), ids="round {}".format)
def test_concurrent_swaps_of_external_ids_are_rejected(
    ann: Client, attempt: int
) -> None:
    one, other = ann.create_task(external_id="A"), ann.create_task(external_id="B")

    with meeting(ann.app, "UPDATE tasks"):
        responses = run_concurrently(
            partial(ann.patch, f"tasks/{one['id']}", {"external_id": "B"}),
            partial(ann.patch, f"tasks/{other['id']}", {"external_id": "A"}),
        )

    assert {response.status_code for response in responses} == {409}
