"""The systemd unit deploy/taskapi@.service."""

import configparser
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.programs import ROOT, free_port, require_programs
from tests.helpers.server import GUNICORN, Server, environment

UNIT = ROOT / "deploy" / "taskapi@.service"
GRACEFUL_TIMEOUT = 25  # of gunicorn.conf.py
HOME = "/srv/taskapi/current"


@pytest.fixture
def unit() -> configparser.SectionProxy:
    """Return the section Service of the unit."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket of systemd for notifications."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(20)
        yield made


def test_unit_is_valid(tmp_path: Path) -> None:
    require_programs("systemd-analyze")
    text = UNIT.read_text().replace(f"{HOME}/.venv/bin/gunicorn", "/bin/true")
    copy = tmp_path / "taskapi@8000.service"
    copy.write_text(text)

    command = [shutil.which("systemd-analyze") or "", "verify", str(copy)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - systemd's own

    assert [line for line in process.stderr.splitlines() if "taskapi" in line] == []


def test_systemd_is_notified_when_the_service_is_ready(
    unit: configparser.SectionProxy, systemd: socket.socket, tmp_path: Path
) -> None:
    port = str(free_port())
    variables = dict([unit["Environment"].replace("%i", port).split("=")])
    notify = {"NOTIFY_SOCKET": systemd.getsockname()}
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/t.db"}

    server = Server(
        ROOT, environment(**settings) | variables | notify, tmp_path / "log"
    )
    ready = systemd.recv(1024)
    status = server.stop()

    assert unit["ExecStart"] == f"{HOME}/.venv/bin/{Path(GUNICORN).name} wsgi:app"
    assert (unit["Type"], ready.splitlines()[0]) == ("notify", b"READY=1")
    assert status == 0


def test_systemd_waits_longer_than_gunicorn(unit: configparser.SectionProxy) -> None:
    assert int(unit["TimeoutStopSec"]) > GRACEFUL_TIMEOUT
    assert unit["KillMode"] == "mixed"


def test_documentation_uses_the_paths_of_the_unit() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    paths = re.findall(r"/srv/taskapi/[a-z]+", UNIT.read_text())

    assert {Path(path).parent for path in paths} == {Path("/srv/taskapi")}
    assert [path for path in paths if path not in page] == []
