"""`flask tasks export` and `flask tasks import`, as operators type them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup

from tests.import_export.files import (
    brought,
    kept,
    numbers,
    one_database,
    read,
    written,
)
from tests.support import Client

Run = Callable[..., Result]
GOOD: dict[str, Any] = {"title": "Sow"}


@pytest.fixture
def run(app: Flask) -> Run:
    """Return what runs `flask tasks` with these words and this standard input."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    def invoke(*words: str | Path, typed: str | bytes = "") -> Result:
        said = ["tasks", *map(str, words)]
        return app.test_cli_runner().invoke(cli, said, input=typed)

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a file goes."""
    return tmp_path / "tasks.jsonl"


def user(person: Client) -> list[str]:
    return ["--user", person.user["email"]]


@pytest.mark.parametrize("name", ["tasks.jsonl", "tasks.CSV"])
def test_one_account_goes_out_and_another_gets_it(
    run: Run, ann: Client, bob: Client, tmp_path: Path, name: str
) -> None:
    ann.make_task(title="=1", tags=["a", "b"], subtasks=[GOOD])
    file = tmp_path / name

    out = run("export", file, *user(ann))
    back = run("import", file, *user(bob))

    assert (out.stdout, out.stderr) == ("", "Exported 2 tasks.\n")
    assert back.output == "Imported 2 tasks and skipped 0 existing ones.\n"
    assert kept(bob) == kept(ann)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_all_accounts_go_through_a_pipe_and_come_back_to_their_owners(
    run: Run, ann: Client, bob: Client, form: str
) -> None:
    ann.make_task(title="Ann's", external_id="same")
    bob.make_task(title="Bob's", external_id="same", subtasks=[GOOD])
    out = run("export", "-", "--format", form)
    again = out.stdout.replace("same", "other")

    back = run("import", "-", "--format", form, typed=again)

    assert back.output == "Imported 3 tasks and skipped 0 existing ones.\n"
    assert [task["title"] for task in kept(ann)] == ["Ann's", "Ann's"]
    assert {task["title"] for task in kept(bob)} == {"Bob's", "Sow"}


def test_a_dry_run_says_what_would_come_of_it(
    run: Run, ann: Client, file: Path
) -> None:
    ann.make_task(external_id="a")
    file.write_text(written(GOOD, GOOD | {"external_id": "a"}))

    dry = run("import", file, *user(ann), "--dry-run")

    assert dry.output == "Would import 1 tasks and skipped 1 existing ones.\n"
    assert numbers(ann) == 1


def test_bad_lines_are_named_and_nothing_comes_in(
    run: Run, ann: Client, file: Path
) -> None:
    bad = [{"title": ""}, {"title": "Dig", "tags": ["a", 1]}, {"titel": "Dig"}]
    file.write_text(written(*[GOOD] * 7030, *bad))

    done = run("import", file, *user(ann))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "Error: Nothing was imported.",
        "line 7031, column 11, title: Length must be between 1 and 255.",
        "line 7032, column 32, tags, 1: Not a valid string.",
        "line 7033, column 1, title: Missing data for required field.",
        "line 7033, column 11, titel: Unknown field. Did you mean title?",
    ]
    assert numbers(ann) == 0


def test_what_is_wrong_with_a_later_account_undoes_the_first(
    run: Run, ann: Client, bob: Client
) -> None:
    good = GOOD | {"owner": ann.user["email"]}
    circle = GOOD | {"owner": bob.user["email"], "id": 1, "parent_id": 1}

    done = run("import", "-", typed=written(good, circle))

    assert done.exit_code == 1
    assert ", parent_id: A task cannot be its own ancestor" in done.stderr
    assert numbers(ann) == 0


@one_database
@pytest.mark.parametrize(
    ("task", "said"),
    [
        (GOOD, "owner: Missing data"),
        (GOOD | {"owner": "nobody"}, "owner: There is no such account."),
        (GOOD | {"owner": "\udc80"}, "owner: NUL and unpaired surrogates"),
        (GOOD | {"\udc80": 1}, "Unknown field."),
    ],
    ids=["absent", "unknown", "no text", "no text as name"],
)
def test_without_a_user_each_line_names_its_owner(
    run: Run, task: dict[str, Any], said: str
) -> None:
    done = run("import", "-", typed=written(task))

    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert said in done.stderr


@one_database
def test_a_file_that_exists_is_never_touched(run: Run, ann: Client, file: Path) -> None:
    file.write_text("precious")

    done = run("export", file)

    assert (done.exit_code, file.read_text()) == (1, "precious")
    assert done.output.startswith(f"Error: {file} already exists")


@one_database
@pytest.mark.parametrize(
    "words",
    [["export", "/nowhere/tasks.csv"], ["import", "/nowhere/tasks.csv"]],
    ids=["export", "import"],
)
def test_a_place_that_is_not_there_is_told_in_a_line(
    run: Run, ann: Client, words: list[str]
) -> None:
    done = run(*words, *user(ann))

    assert done.exit_code in {1, 2}
    assert isinstance(done.exception, SystemExit)
    assert "/nowhere" in done.stderr


@one_database
@pytest.mark.parametrize("words", [["export", "-"], ["import", "-"]], ids=" ".join)
def test_an_account_that_is_not_there_is_told_in_a_line(
    run: Run, words: list[str]
) -> None:
    done = run(*words, "--user", "nobody")

    assert (done.exit_code, done.output) == (
        1,
        "Error: There is no account named nobody.\n",
    )


@one_database
def test_a_file_appears_whole_and_private(run: Run, ann: Client, file: Path) -> None:
    brought(ann, written(GOOD))

    run("export", file)

    (line,) = read(file.read_text())
    assert (line["owner"], line["title"]) == (ann.user["email"], "Sow")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*file.parent.iterdir()] == [file]
