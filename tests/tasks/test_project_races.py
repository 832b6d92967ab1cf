"""Concurrent requests on tasks of shared projects, and changes of their members."""

from functools import partial
from typing import Any

import pytest

from taskapi.projects import trash
from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.projects.support import create_project
from tests.tasks.consistency import broken_rules
from tests.tasks.teams import Team, titles

ROUNDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]
rounds = pytest.mark.parametrize("attempt", ROUNDS)


def member_path(team: Team, client: Client) -> str:
    return f"projects/{team.project_id}/members/{client.user['id']}"


def statuses(responses: list[Any]) -> set[int]:
    return {response.status_code for response in responses}


@rounds
def test_member_is_not_assigned_after_a_concurrent_removal(
    team: Team, attempt: int
) -> None:
    tasks = [team.create_task() for _ in range(4)]
    assigned = {"assignee_id": team.editor.user["id"]}
    new = {"title": "A", "project_id": team.project_id} | assigned
    update = [{"id": task["id"]} | assigned for task in tasks[2:]]

    removed, *others = run_concurrently(
        partial(team.owner.delete, member_path(team, team.editor)),
        *[partial(team.owner.patch, f"tasks/{t['id']}", assigned) for t in tasks[:2]],
        partial(team.owner.post, "tasks", new),
        partial(team.owner.post, "tasks", new | {"subtasks": [{"title": "B"}]}),
        partial(team.owner.post, "tasks/bulk", {"update": update}),
    )

    assert removed.status_code == 204
    assert statuses(others) <= {200, 201, 422}, [one.text for one in others]
    rejected = [one.json["errors"] for one in others if one.status_code == 422]
    assert {e["pointer"].rpartition("/")[2] for errors in rejected for e in errors} <= {
        "assignee_id"
    }
    assert titles(team.owner, f"assignee_id={team.editor.user['id']}") == []
    assert broken_rules(team.owner.app) == {}


@rounds
def test_write_of_a_removed_member_happens_entirely_or_not_at_all(
    team: Team, attempt: int
) -> None:
    shared = [team.create_task() for _ in range(4)]
    own = team.editor.create_task()
    bulk = {
        "update": [{"id": own["id"], "title": "Bulk"}],
        "create": [{"title": "Bulk", "project_id": team.project_id}],
        "delete": [shared[0]["id"]],
    }
    new = {"project_id": team.project_id, "title": "New", "tags": ["b"]}

    removed, *others = run_concurrently(
        partial(team.owner.delete, member_path(team, team.editor)),
        partial(team.editor.post, "tasks/bulk", bulk),
        partial(team.editor.patch, f"tasks/{shared[1]['id']}", {"tags": ["a"]}),
        partial(team.editor.patch, f"tasks/{shared[2]['id']}", {"title": "Other"}),
        partial(team.editor.delete, f"tasks/{shared[3]['id']}"),
        partial(team.editor.post, "tasks", new),
    )

    assert removed.status_code == 204
    assert statuses(others) <= {200, 201, 204, 404, 422}, [o.text for o in others]
    effects = {
        team.editor.get(f"tasks/{own['id']}").json["title"] == "Bulk",
        "Bulk" in titles(team.owner),
        team.owner.get(f"tasks/{shared[0]['id']}").status_code == 404,
    }
    assert effects == {others[0].status_code == 200}
    check_no_access(team, shared[1]["id"])
    assert broken_rules(team.owner.app) == {}


def check_no_access(team: Team, task_id: int) -> None:
    """Assert that requests of the former member change and show nothing."""
    before = team.owner.get(f"tasks?project_id={team.project_id}").json
    path = f"tasks/{task_id}"
    late = [
        team.editor.get(path),
        team.editor.patch(path, {"title": "Late"}),
        team.editor.delete(path),
    ]
    assert statuses(late) == {404}
    assert team.owner.get(f"tasks?project_id={team.project_id}").json == before


def trees(owner: Client, *projects: int) -> list[int]:
    """Create a tree in each project; return the ids of their roots."""
    fields: Any = {"tags": ["a"], "subtasks": [{"title": "Child", "tags": ["b"]}]}
    made = [owner.create_task(project_id=one, **fields) for one in projects]
    return [task["id"] for task in made]


@rounds
def test_concurrent_opposite_moves_keep_trees_in_one_project(
    team: Team, attempt: int
) -> None:
    owner, here = team.owner, team.project_id
    there = create_project(owner)["id"]
    first, second, third, fourth = trees(owner, here, there, here, there)
    swap = {"update": [move(third, there), move(fourth, here)]}

    responses = run_concurrently(
        partial(owner.patch, f"tasks/{first}", {"project_id": there}),
        partial(owner.patch, f"tasks/{second}", {"project_id": here}),
        partial(owner.patch, f"tasks/{first}", {"project_id": here}),
        partial(owner.post, "tasks/bulk", swap),
        partial(owner.delete, f"tasks/{third}"),
        partial(owner.post, "tasks", {"title": "New", "parent_id": fourth}),
        partial(
            owner.post,
            "tasks",
            {"title": "New", "parent_id": second, "project_id": there},
        ),
    )

    assert statuses(responses) <= {200, 201, 204, 404, 422}, texts(responses)
    assert broken_rules(owner.app) == {}


def move(task_id: int, project_id: int) -> dict[str, int]:
    return {"id": task_id, "project_id": project_id}


def texts(responses: list[Any]) -> list[str]:
    return [response.text for response in responses if response.status_code >= 400]


@rounds
def test_concurrent_moves_below_each_other_form_no_cycle(
    team: Team, attempt: int
) -> None:
    owner, here = team.owner, team.project_id
    there = create_project(owner)["id"]
    a, b, c = trees(owner, here, here, there)

    responses = run_concurrently(
        partial(owner.patch, f"tasks/{a}", {"project_id": there, "parent_id": c}),
        partial(owner.patch, f"tasks/{c}", {"project_id": here, "parent_id": a}),
        partial(owner.patch, f"tasks/{b}", {"parent_id": a}),
        partial(owner.patch, f"tasks/{a}", {"parent_id": b}),
        partial(owner.patch, f"tasks/{b}", {"project_id": there, "parent_id": c}),
        partial(owner.delete, f"tasks/{b}?permanent=true"),
    )

    assert statuses(responses) <= {200, 204, 404, 422}, texts(responses)
    assert broken_rules(owner.app) == {}


@rounds
@pytest.mark.parametrize("permanent", ["true", "false"])
def test_concurrent_deletion_of_a_project_leaves_no_orphans(
    team: Team, permanent: str, attempt: int
) -> None:
    owner, app = team.owner, team.owner.app
    shared = [team.create_task(tags=["a"]) for _ in range(3)]
    own = owner.create_task()
    new = {"title": "New", "project_id": team.project_id}
    path = f"projects/{team.project_id}?permanent={permanent}"

    def purge() -> None:
        with app.app_context():
            trash.purge_marked()

    deleted, _, *others = run_concurrently(
        partial(owner.delete, path),
        purge,
        partial(owner.post, "tasks", new),
        partial(owner.post, "tasks", new | {"subtasks": [{"title": "B"}]}),
        partial(owner.patch, f"tasks/{shared[0]['id']}", {"title": "Other"}),
        partial(owner.patch, f"tasks/{shared[1]['id']}", {"tags": ["b"]}),
        partial(owner.patch, f"tasks/{own['id']}", {"project_id": team.project_id}),
        partial(owner.delete, f"tasks/{shared[2]['id']}"),
        partial(owner.delete, member_path(team, team.editor)),
    )
    purge()

    assert deleted.status_code == 204
    assert statuses(others) <= {200, 201, 204, 404, 422}, texts(others)
    assert team.owner.get(f"tasks/{shared[0]['id']}").status_code == 404
    assert broken_rules(app) == {}
