"""What belongs to someone else looks exactly like what does not exist."""

import pytest

from tests.support import Client, refused

ABSENT = 2**62


@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("PATCH", {"title": "Mine"}), ("PUT", {}), ("DELETE", None)],
    ids=["read", "change", "put", "delete"],
)
def test_a_task_of_someone_else_does_not_exist(
    ann: Client, bob: Client, method: str, body: dict[str, str] | None
) -> None:
    task = ann.make_task()

    theirs = bob.call(method, f"tasks/{task['id']}", json=body)
    absent = bob.call(method, f"tasks/{ABSENT}", json=body)

    seen = refused(theirs, 404, "not-found")
    expected = refused(absent, 404, "not-found")
    volatile = {"request_id": None, "instance": None}
    assert seen | volatile == expected | volatile
    assert ann.get(f"tasks/{task['id']}").json == task


def test_a_list_holds_the_callers_own_tasks_alone(ann: Client, bob: Client) -> None:
    ann.make_task(title="Hers")
    his = bob.make_task(title="His")

    listed = bob.get("tasks?include_total=true")

    assert listed.json == {"items": [his], "next_cursor": None, "total": 1}
