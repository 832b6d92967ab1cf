"""The commands of docs/operations.md, run as they stand there."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from flask import Flask

from tests.operating.commanding import FLASK, ROOT
from tests.support import Client
from tests.system.server import environment

FOLDER = "/var/backups/taskapi"
DAYS = 24 * 60 * 60


def script(heading: str) -> str:
    """Return the commands under a heading."""
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return str(block)


def follow(app: Flask, commands: str) -> str:
    """Run commands on the database of an app, and return what they say."""
    here = re.sub(r"^(export|cd) .*\n", "", commands, flags=re.MULTILINE)
    here = here.replace(".venv/bin/flask", FLASK)
    url = app.extensions["settings"].database_url
    done = subprocess.run(  # noqa: S603 - the commands of our own documentation
        ["/bin/sh", "-euc", here],
        cwd=ROOT,
        env=environment(
            DATABASE_URL=url, SECRET_KEY="Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a backup of last week and one of last month."""
    made = tmp_path / "backups"
    made.mkdir()
    for name, days in (("week.backup", 7), ("month.backup", 30)):
        (made / name).touch()
        moment = time.time() - days * DAYS
        os.utime(made / name, (moment, moment))
    return made


def test_the_nightly_backup_makes_a_copy_and_lets_old_ones_go(
    ann: Client, folder: Path
) -> None:
    follow(ann.app, script("Backup").replace(FOLDER, str(folder)))

    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}\.backup", names[0])
    assert names[1] == "week.backup"


def test_the_restore_of_the_documentation_restores(
    ann: Client, folder: Path, empty: Flask
) -> None:
    title = ann.make_task()["title"]
    follow(ann.app, script("Backup").replace(FOLDER, str(folder)))
    (file,) = folder.glob("2*.backup")

    commands = re.sub(rf"{FOLDER}/\S+", str(file), script("Restore"))
    said = follow(empty, commands)

    there = Client(empty, "ann").log_in()
    assert "Restored 1 accounts and 1 tasks" in said
    assert [task["title"] for task in there.get("tasks").json["items"]] == [title]
