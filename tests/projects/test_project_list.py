"""List of the projects of an account."""

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.projects.support import add_member, create_project

NAMES = ["z", "Ä", "a", "Z", "😀", "ﬀ", "a b", "a"]


def names(client: Client, query: str = "") -> list[str]:
    return [project["name"] for project in client.get(f"projects{query}").json["items"]]


def test_personal_project_is_first_then_names_by_code_point(ann: Client) -> None:
    for name in NAMES:
        create_project(ann, name)

    assert names(ann) == ["Personal", *sorted(NAMES)]


def test_list_has_what_a_read_returns(ann: Client) -> None:
    project = create_project(ann)

    personal, shared = ann.get("projects").json["items"]

    assert shared == project
    assert personal == ann.get(f"projects/{ann.project_id}").json
    assert (personal["is_personal"], personal["id"]) == (True, ann.project_id)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_cursors_lead_to_each_project_once(ann: Client, limit: int) -> None:
    for name in NAMES:
        create_project(ann, name)
    found, query = [], f"?limit={limit}&include_total=true"

    while query:
        page = ann.get(f"projects{query}").json
        found += [project["id"] for project in page["items"]]
        cursor = page["next_cursor"]
        query = f"?limit={limit}&include_total=true&cursor={cursor}" if cursor else ""

    all_ids = [project["id"] for project in ann.get("projects").json["items"]]
    assert (found, page["total"]) == (all_ids, len(NAMES) + 1)


def test_list_has_the_projects_of_all_roles_and_no_others(
    ann: Client, bob: Client
) -> None:
    create_project(ann, "Attic")
    for name, role in [("Barn", "viewer"), ("Cellar", "editor"), ("Den", "owner")]:
        add_member(create_project(ann, name), bob, role)

    found = bob.get("projects").json["items"]

    assert [(one["name"], one["role"], one["member_count"]) for one in found] == [
        ("Personal", "owner", 1),
        ("Barn", "viewer", 2),
        ("Cellar", "editor", 2),
        ("Den", "owner", 2),
    ]


def test_trash_lists_projects_for_owners_only(ann: Client, bob: Client) -> None:
    project = create_project(ann)
    add_member(project, bob, "editor")

    ann.delete(f"projects/{project['id']}")

    (deleted,) = ann.get("projects?deleted=true").json["items"]
    assert deleted["deleted_at"] is not None
    assert deleted["version"] == 2
    assert names(ann) == ["Personal"]
    assert (names(bob), names(bob, "?deleted=true")) == (["Personal"], [])


def test_cursor_of_another_list_is_rejected(ann: Client, bob: Client) -> None:
    create_project(ann)
    cursor = ann.get("projects?limit=1").json["next_cursor"]

    responses = [
        ann.get(f"projects?deleted=true&cursor={cursor}"),
        bob.get(f"projects?cursor={cursor}"),
        ann.get(f"tasks?cursor={cursor}"),
    ]

    for response in responses:
        assert_problem(response, 422, "invalid-cursor")


@pytest.mark.one_database
def test_unknown_parameter_is_rejected(ann: Client) -> None:
    assert field_errors(ann.get("projects?name=x")) == {"name": "unknown"}


def test_list_is_two_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    ann.get("projects")

    assert len(statements) == 2
