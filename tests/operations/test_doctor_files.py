"""`flask doctor`: checks of the files of SQLite."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from taskapi.doctor import files
from tests.operations.commands import PRODUCTION, doctor_states, run_doctor

MakeApp = Callable[..., Flask]
KEY = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / {folder} rw - {kind} somewhere rw
41 22 0:41 / {folder}ish rw - xfs somewhere rw
"""


@pytest.fixture
def mount(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Return a function that simulates a type of file system for the database."""
    file = Path(app.extensions["settings"].database_url.removeprefix("sqlite:///"))

    def put(kind: str) -> None:
        mounts = tmp_path / "mountinfo"
        mounts.write_text(MOUNTS.format(folder=file.parent, kind=kind))
        monkeypatch.setattr(files, "MOUNTS", mounts)

    return put


def test_doctor_creates_no_database(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "new.db"

    found = run_doctor(make_app(database_url=f"sqlite:///{file}"))

    assert found["database"]["state"] == "fail"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "overlay", "tmpfs"])
def test_doctor_reports_network_and_temporary_file_systems(
    app: Flask, app_with: MakeApp, mount: Callable[[str], None], kind: str
) -> None:
    mount(kind)

    found = [doctor_states(one)["file system"] for one in (app, app_with(**PRODUCTION))]

    assert found == ["warn", "fail"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o644, "warn")])
def test_doctor_warns_of_a_readable_secret_file(
    empty: Flask, mode: int, state: str
) -> None:
    address = empty.extensions["settings"].database_url
    secret = Path(f"{address.removeprefix('sqlite:///')}.secret")
    secret.write_text(KEY)
    secret.chmod(mode)

    assert doctor_states(empty)["secret file"] == state


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_doctor_accepts_a_local_disk(
    app_with: MakeApp, mount: Callable[[str], None]
) -> None:
    mount("ext4")

    assert doctor_states(app_with(**PRODUCTION))["file system"] == "ok"
