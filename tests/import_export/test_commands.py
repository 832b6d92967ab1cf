"""The commands `flask tasks export` and `flask tasks import`."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.helpers.commands import Run, command_runner
from tests.import_export.files import (
    exported_tasks,
    import_file,
    json_lines,
    parse_lines,
    task_count,
)

GOOD: dict[str, Any] = {"title": "Sow"}


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs `flask tasks` with arguments and input."""
    return partial(command_runner(app), "tasks")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a file to write."""
    return tmp_path / "tasks.jsonl"


def user(client: Client) -> list[str]:
    return ["--user", client.user["email"]]


@pytest.mark.parametrize("name", ["tasks.jsonl", "tasks.CSV"])
def test_exported_account_can_be_imported_into_another(
    run: Run, ann: Client, bob: Client, tmp_path: Path, name: str
) -> None:
    ann.create_task(title="=1", tags=["a", "b"], subtasks=[GOOD])
    file = tmp_path / name

    out = run("export", file, *user(ann))
    back = run("import", file, *user(bob))

    assert (out.stdout, out.stderr) == ("", "Exported 2 tasks.\n")
    assert back.output == "Imported 2 tasks and skipped 0 existing ones.\n"
    assert exported_tasks(bob) == exported_tasks(ann)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_export_of_all_accounts_can_be_imported_through_pipes(
    run: Run, ann: Client, bob: Client, form: str
) -> None:
    ann.create_task(title="Ann's", external_id="same")
    bob.create_task(title="Bob's", external_id="same", subtasks=[GOOD])
    out = run("export", "-", "--format", form)
    again = out.stdout.replace("same", "other")

    back = run("import", "-", "--format", form, typed=again)

    assert back.output == "Imported 3 tasks and skipped 0 existing ones.\n"
    assert [task["title"] for task in exported_tasks(ann)] == ["Ann's", "Ann's"]
    assert {task["title"] for task in exported_tasks(bob)} == {"Bob's", "Sow"}


def test_dry_run_prints_the_result(run: Run, ann: Client, file: Path) -> None:
    ann.create_task(external_id="a")
    file.write_text(json_lines(GOOD, GOOD | {"external_id": "a"}))

    dry = run("import", file, *user(ann), "--dry-run")

    assert dry.output == "Would import 1 tasks and skipped 1 existing ones.\n"
    assert task_count(ann) == 1


def test_invalid_lines_are_printed_and_nothing_is_imported(
    run: Run, ann: Client, file: Path
) -> None:
    bad = [{"title": ""}, {"title": "Dig", "tags": ["a", 1]}, {"titel": "Dig"}]
    file.write_text(json_lines(*[GOOD] * 7030, *bad))

    result = run("import", file, *user(ann))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: Nothing was imported.",
        "line 7031, column 11, title: Must have 1 to 255 characters.",
        "line 7032, column 32, tags, 1: Must be a string.",
        "line 7033, column 1, title: This field is required.",
        "line 7033, column 11, titel: Unknown field. Did you mean title?",
    ]
    assert task_count(ann) == 0


def test_error_in_a_later_account_rolls_back_the_first(
    run: Run, ann: Client, bob: Client
) -> None:
    good = GOOD | {"owner": ann.user["email"]}
    cycle = GOOD | {"owner": bob.user["email"], "id": 1, "parent_id": 1}

    result = run("import", "-", typed=json_lines(good, cycle))

    assert result.exit_code == 1
    assert ", parent_id: A task cannot be its own ancestor" in result.stderr
    assert task_count(ann) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("task", "message"),
    [
        (GOOD, "owner: This field is required"),
        (GOOD | {"owner": "unknown"}, "owner: There is no such account."),
        (GOOD | {"owner": "\udc80"}, "owner: Must not contain NUL"),
        (GOOD | {"\udc80": 1}, "Unknown field."),
    ],
    ids=["absent", "unknown", "no text", "no text as name"],
)
def test_import_without_user_requires_owners(
    run: Run, task: dict[str, Any], message: str
) -> None:
    result = run("import", "-", typed=json_lines(task))

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert message in result.stderr


@pytest.mark.one_database
def test_export_never_replaces_a_file(run: Run, ann: Client, file: Path) -> None:
    file.write_text("precious")

    result = run("export", file)

    assert (result.exit_code, file.read_text()) == (1, "precious")
    assert result.output.startswith(f"Error: {file} already exists")


@pytest.mark.one_database
@pytest.mark.parametrize(
    "arguments",
    [["export", "/nowhere/tasks.csv"], ["import", "/nowhere/tasks.csv"]],
    ids=["export", "import"],
)
def test_missing_folder_is_reported(
    run: Run, ann: Client, arguments: list[str]
) -> None:
    result = run(*arguments, *user(ann))

    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    assert "/nowhere" in result.stderr


@pytest.mark.one_database
@pytest.mark.parametrize("arguments", [["export", "-"], ["import", "-"]], ids=" ".join)
def test_unknown_account_is_reported(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, "--user", "unknown")

    assert (result.exit_code, result.output) == (
        1,
        "Error: There is no account named unknown.\n",
    )


@pytest.mark.one_database
def test_exported_file_is_complete_and_private(
    run: Run, ann: Client, file: Path
) -> None:
    import_file(ann, json_lines(GOOD))

    run("export", file)

    (line,) = parse_lines(file.read_text())
    assert (line["owner"], line["title"]) == (ann.user["email"], "Sow")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*file.parent.iterdir()] == [file]
