"""What `flask doctor` says about the disk of SQLite."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from taskapi.doctor import files
from tests.operations.commands import SERVED, examined, states

Twin = Callable[..., Flask]
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
    """Return what puts the database on a kind of file system, to all appearance."""
    file = Path(app.extensions["settings"].database_url.removeprefix("sqlite:///"))

    def put(kind: str) -> None:
        mounts = tmp_path / "mountinfo"
        mounts.write_text(MOUNTS.format(folder=file.parent, kind=kind))
        monkeypatch.setattr(files, "MOUNTS", mounts)

    return put


def test_looking_makes_no_database(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "new.db"

    found = examined(make_app(database_url=f"sqlite:///{file}"))

    assert found["database"]["state"] == "fail"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "overlay", "tmpfs"])
def test_sqlite_wants_a_disk_that_is_local_and_stays(
    app: Flask, twin: Twin, mount: Callable[[str], None], kind: str
) -> None:
    mount(kind)

    found = [states(one)["file system"] for one in (app, twin(**SERVED))]

    assert found == ["warn", "fail"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o644, "warn")])
def test_a_stored_secret_is_for_its_owner_alone(
    empty: Flask, mode: int, state: str
) -> None:
    address = empty.extensions["settings"].database_url
    kept = Path(f"{address.removeprefix('sqlite:///')}.secret")
    kept.write_text(KEY)
    kept.chmod(mode)

    assert states(empty)["secret file"] == state


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_sqlite_is_at_home_on_a_local_disk(
    twin: Twin, mount: Callable[[str], None]
) -> None:
    mount("ext4")

    assert states(twin(**SERVED))["file system"] == "ok"
