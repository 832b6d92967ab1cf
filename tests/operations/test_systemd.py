"""deploy/taskapi@.service: what systemd is told is what the service does."""

import configparser
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.programs import ROOT, need
from tests.system.server import GUNICORN, Server, environment, free_port

UNIT = ROOT / "deploy" / "taskapi@.service"
GRACEFUL_TIMEOUT = 25  # of gunicorn.conf.py
HOME = "/srv/taskapi/current"


@pytest.fixture
def told() -> configparser.SectionProxy:
    """Return what the unit says of the service."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(UNIT)
    return read["Service"]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket on which systemd hears that a service is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(20)
        yield made


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    need("systemd-analyze")
    there = UNIT.read_text().replace(f"{HOME}/.venv/bin/gunicorn", "/bin/true")
    copy = tmp_path / "taskapi@8000.service"
    copy.write_text(there)

    words = [shutil.which("systemd-analyze") or "", "verify", str(copy)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - systemd's own

    assert [line for line in done.stderr.splitlines() if "taskapi" in line] == []


def test_systemd_hears_when_the_service_is_ready(
    told: configparser.SectionProxy, systemd: socket.socket, tmp_path: Path
) -> None:
    port = str(free_port())
    said = dict([told["Environment"].replace("%i", port).split("=")])
    heard = {"NOTIFY_SOCKET": systemd.getsockname()}
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/t.db"}

    server = Server(ROOT, environment(**settings) | said | heard, tmp_path / "log")
    ready = systemd.recv(1024)
    status = server.stop()

    assert told["ExecStart"] == f"{HOME}/.venv/bin/{Path(GUNICORN).name} wsgi:app"
    assert (told["Type"], ready.splitlines()[0]) == ("notify", b"READY=1")
    assert status == 0


def test_systemd_waits_longer_than_gunicorn(told: configparser.SectionProxy) -> None:
    assert int(told["TimeoutStopSec"]) > GRACEFUL_TIMEOUT
    assert told["KillMode"] == "mixed"


def test_the_documentation_puts_things_where_the_unit_looks() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    paths = re.findall(r"/srv/taskapi/[a-z]+", UNIT.read_text())

    assert {Path(path).parent for path in paths} == {Path("/srv/taskapi")}
    assert [path for path in paths if path not in page] == []
