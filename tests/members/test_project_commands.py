"""The command group `flask projects`, and the findings of the doctor."""

from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.helpers.commands import Run, command_runner
from tests.helpers.sql import execute
from tests.operations.commands import doctor_states
from tests.projects.support import add_member, create_project


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs `flask`."""
    return command_runner(app)


def members(client: Client, project: dict[str, Any]) -> dict[int, str]:
    listed = client.get(f"projects/{project['id']}/members").json["items"]
    return {one["user_id"]: one["role"] for one in listed}


def test_list_has_all_shared_projects(ann: Client, bob: Client, run: Run) -> None:
    garden, cellar, attic = (create_project(ann, n) for n in ("Garden", "Cellar", "x"))
    add_member(garden, bob)
    ann.delete(f"projects/{cellar['id']}")
    ann.delete(f"projects/{attic['id']}?permanent=true")

    lines = run("projects", "list").output.splitlines()

    assert [line.split() for line in lines[1:]] == [
        [str(garden["id"]), "2", "active", "Garden"],
        [str(cellar["id"]), "1", "deleted", "Cellar"],
    ]


def test_members_are_printed_with_roles(ann: Client, bob: Client, run: Run) -> None:
    project = create_project(ann)
    add_member(project, bob, "viewer")

    lines = run("projects", "members", str(project["id"])).output.splitlines()

    assert [line.split() for line in lines[1:]] == [
        [str(ann.user["id"]), "owner", "ann@example.org"],
        [str(bob.user["id"]), "viewer", "bob@example.org"],
    ]


@pytest.mark.parametrize("role", ["", "viewer", "owner"])
def test_set_owner_promotes_or_adds_an_account(
    ann: Client, bob: Client, run: Run, role: str
) -> None:
    project = create_project(ann)
    if role:
        add_member(project, bob, role)

    result = run("projects", "set-owner", str(project["id"]), "bob@example.org")

    assert "bob@example.org is now an owner" in result.output
    assert members(bob, project) == {
        ann.user["id"]: "owner",
        bob.user["id"]: "owner",
    }


@pytest.mark.parametrize("command", [["members"], ["set-owner", "ann@example.org"]])
def test_unknown_project_is_reported(ann: Client, run: Run, command: list[str]) -> None:
    name, *rest = command

    result = run("projects", name, "7", *rest)

    assert (result.exit_code, result.output) == (1, "Error: There is no project 7.\n")


def test_personal_project_gets_no_second_owner(
    ann: Client, bob: Client, run: Run
) -> None:
    project_id = str(ann.project_id)

    result = run("projects", "set-owner", project_id, "bob@example.org")

    assert result.exit_code == 1
    assert "neither deleted nor shared" in result.output


def test_doctor_accepts_accounts_and_projects(ann: Client, app: Flask) -> None:
    create_project(ann)

    states = doctor_states(app)

    assert (states["personal projects"], states["owners"]) == ("ok", "ok")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM memberships",
        "UPDATE memberships SET role = 2",
        "UPDATE projects SET personal_user_id = NULL",
    ],
)
def test_doctor_finds_accounts_without_personal_project(
    ann: Client, app: Flask, damage: str
) -> None:
    execute(app, damage)

    assert doctor_states(app)["personal projects"] == "fail"


def test_doctor_finds_projects_without_owner(ann: Client, app: Flask) -> None:
    project = create_project(ann)
    execute(app, "DELETE FROM memberships WHERE project_id = :id", id=project["id"])

    assert doctor_states(app)["owners"] == "warn"
