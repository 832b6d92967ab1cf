"""The option `--project` of `flask tasks export` and `flask tasks import`."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.helpers.commands import Run, command_runner
from tests.import_export.files import json_lines, parse_lines, task_count
from tests.projects.support import add_member, create_project

LINES = json_lines({"title": "Sow", "external_id": "a"}, {"title": "Dig"})
BOB = ["--user", "bob@example.org"]


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs `flask tasks` with arguments and input."""
    return partial(command_runner(app), "tasks")


@pytest.fixture
def garden(ann: Client) -> dict[str, Any]:
    """Return a project of Ann."""
    return create_project(ann)


def option(project: dict[str, Any]) -> list[str]:
    return ["--project", str(project["id"])]


def test_export_of_a_project_has_the_tasks_of_all_members(
    run: Run, ann: Client, bob: Client, garden: dict[str, Any]
) -> None:
    add_member(garden, bob)
    ann.create_task(title="Personal")
    for client in (ann, bob):
        client.create_task(title=client.name, project_id=garden["id"])
    deleted = ann.create_task(title="Deleted", project_id=garden["id"])
    ann.delete(f"tasks/{deleted['id']}")

    result = run("export", "-", *option(garden))

    lines = parse_lines(result.stdout)
    assert [line["title"] for line in lines] == ["ann", "bob"]
    assert {line["project_id"] for line in lines} == {garden["id"]}
    assert result.stderr == "Exported 2 tasks.\n"


def test_export_of_a_project_reads_all_pages(
    run: Run,
    ann: Client,
    garden: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskapi.import_export.export.PAGE_SIZE", 2)
    titles = [f"{number}" for number in range(5)]
    for title in titles:
        ann.create_task(title=title, project_id=garden["id"])
    file = tmp_path / "garden.jsonl"

    run("export", file, *option(garden))

    assert [line["title"] for line in parse_lines(file.read_text())] == titles


def test_export_includes_a_project_in_the_trash(
    run: Run, ann: Client, garden: dict[str, Any]
) -> None:
    ann.create_task(project_id=garden["id"])
    ann.delete(f"projects/{garden['id']}")

    result = run("export", "-", *option(garden))

    assert len(parse_lines(result.stdout)) == 1


def test_export_of_all_accounts_has_personal_projects_only(
    run: Run, ann: Client, garden: dict[str, Any]
) -> None:
    ann.create_task(title="Personal")
    ann.create_task(title="Shared", project_id=garden["id"])

    result = run("export", "-")

    assert [line["title"] for line in parse_lines(result.stdout)] == ["Personal"]


def test_import_into_a_project_is_by_an_editor(
    run: Run, ann: Client, bob: Client, garden: dict[str, Any]
) -> None:
    add_member(garden, bob)

    first, again = (
        run("import", "-", *option(garden), *BOB, typed=LINES) for _ in range(2)
    )

    assert first.output == "Imported 2 tasks and skipped 0 existing ones.\n"
    assert again.output == "Imported 1 tasks and skipped 1 existing ones.\n"
    tasks = ann.get(f"tasks?project_id={garden['id']}").json["items"]
    assert [task["title"] for task in tasks] == ["Dig", "Dig", "Sow"]
    assert {task["owner_id"] for task in tasks} == {bob.user["id"]}


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("", "bob@example.org is not a member of project {id}."),
        ("viewer", "bob@example.org is a viewer of project {id}: import as an editor."),
    ],
)
def test_import_into_a_project_is_rejected_for_other_accounts(
    run: Run, bob: Client, garden: dict[str, Any], role: str, message: str
) -> None:
    if role:
        add_member(garden, bob, role)

    result = run("import", "-", *option(garden), *BOB, typed=LINES)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {message.format(**garden)}\n"
    assert task_count(bob) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", *BOB], "Use --user or --project, not both."),
        (["import"], "--project needs --user: the account that creates the tasks."),
    ],
    ids=["export", "import"],
)
def test_combination_of_options_is_rejected(
    run: Run, arguments: list[str], message: str
) -> None:
    name, *rest = arguments

    result = run(name, "-", "--project", "7", *rest)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.one_database
def test_export_of_an_unknown_project_is_reported(run: Run) -> None:
    result = run("export", "-", "--project", "7")

    assert (result.exit_code, result.output) == (1, "Error: There is no project 7.\n")
