"""Creation of projects, and reads of one."""

from typing import Any

import pytest

from taskapi.projects import service
from tests.helpers.client import Client, assert_problem, field_errors
from tests.projects.support import add_member, create_project

READ_ONLY = [
    "id",
    "is_personal",
    "role",
    "member_count",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
]
KEY = {"Idempotency-Key": "7b1d"}


def test_created_project_has_its_creator_as_owner(ann: Client) -> None:
    response = ann.post("projects", {"name": " Garden "})

    project = response.json
    path = f"/api/v1/projects/{project['id']}"
    assert response.status_code == 201
    assert (response.headers["Location"], response.headers["ETag"]) == (path, '"1"')
    assert project == {
        "id": project["id"],
        "name": "Garden",
        "is_personal": False,
        "role": "owner",
        "member_count": 1,
        "version": 1,
        "created_at": project["created_at"],
        "updated_at": project["created_at"],
        "deleted_at": None,
    }
    assert ann.get(path).json == project


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"#/name": "required"}),
        ({"name": None}, {"#/name": "null"}),
        ({"name": 7}, {"#/name": "type"}),
        ({"name": ""}, {"#/name": "length"}),
        ({"name": "   "}, {"#/name": "length"}),
        ({"name": "x" * 101}, {"#/name": "length"}),
        ({"name": "a\tb"}, {"#/name": "control"}),
        ({"name": "a\u0000b"}, {"#/name": "characters"}),
        (
            {"name": "x"} | dict.fromkeys(READ_ONLY, 1),
            {f"#/{field}": "read-only" for field in READ_ONLY},
        ),
        ({"name": "x", "color": "red"}, {"#/color": "unknown"}),
    ],
)
def test_invalid_project_is_rejected(
    ann: Client, body: dict[str, Any], errors: dict[str, str]
) -> None:
    assert field_errors(ann.post("projects", body)) == errors


def test_name_of_100_characters_is_stored(ann: Client) -> None:
    name = "🌱" * 100

    assert create_project(ann, name)["name"] == name


def test_repeated_creation_has_one_effect(ann: Client) -> None:
    first = ann.post("projects", {"name": "Garden"}, headers=KEY)

    second = ann.post("projects", {"name": "Garden"}, headers=KEY)

    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(ann.get("projects").json["items"]) == 2


def test_creation_beyond_the_limit_is_rejected(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_MEMBERSHIPS", 3)
    kept, deleted = create_project(ann), create_project(ann)
    ann.delete(f"projects/{deleted['id']}")

    problem = assert_problem(ann.post("projects", {"name": "x"}), 409, "limit-reached")

    assert problem["limit"] == 3
    assert [p["id"] for p in ann.get("projects").json["items"]] == [
        ann.project_id,
        kept["id"],
    ]


def test_project_of_another_account_is_not_found(ann: Client, bob: Client) -> None:
    project = create_project(ann)

    response = bob.get(f"projects/{project['id']}")

    assert_problem(response, 404, "not-found")


def test_member_reads_a_project_with_its_own_role(ann: Client, bob: Client) -> None:
    project = create_project(ann)
    add_member(project, bob, "viewer")

    response = bob.get(f"projects/{project['id']}")

    assert response.json == project | {"role": "viewer", "member_count": 2}


def test_unchanged_project_is_not_sent_again(ann: Client) -> None:
    project = create_project(ann)

    headers = {"If-None-Match": '"1"'}
    response = ann.get(f"projects/{project['id']}", headers=headers)

    assert response.status_code == 304


def test_creation_is_five_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    create_project(ann)

    assert len(statements) == 5  # caller, lock, project, membership, caller again


def test_read_is_two_statements(ann: Client, statements: list[str]) -> None:
    project = create_project(ann)
    statements.clear()

    ann.get(f"projects/{project['id']}")

    assert len(statements) == 2
