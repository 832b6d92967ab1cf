"""Tests of the recipe "Add a filter of the task list", which run in the copy."""

from tests.helpers.client import Client, field_errors
from tests.tasks.support import read_all


def test_filter_finds_the_tasks_that_match(ann: Client) -> None:
    path = f"tasks/{ann.create_task(title='changed')['id']}"
    ann.create_task(title="new")
    ann.patch(path, {"title": "changed twice"})

    found = read_all(ann, "min_version=2&limit=1")

    assert [task["title"] for task in found] == ["changed twice"]
    assert ann.get("tasks?min_version=2&include_total=true").json["total"] == 1


def test_value_out_of_range_is_rejected(ann: Client) -> None:
    response = ann.get("tasks?min_version=0")

    assert field_errors(response) == {"min_version": "range"}
