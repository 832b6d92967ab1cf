"""A TypeScript client with types of openapi-typescript, in strict mode."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import HERE, run
from tests.helpers.client import PASSWORD
from tests.helpers.server import Server
from tests.using.conftest import need

PROGRAM = Path(__file__).with_name("journey.mts")
OPTIONAL = "--default-non-nullable=false"
STRICT = (
    "--strict --skipLibCheck --noUncheckedIndexedAccess --exactOptionalPropertyTypes"
)
MODERN = "--target es2022 --module nodenext"


def made(name: str, *words: str) -> None:
    status, said = run(name, *words)
    assert status == 0, said


@pytest.fixture(scope="session")
def compiled(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program, typed by the live document."""
    folder = tmp_path_factory.mktemp("typescript")
    document, types = folder / "openapi.json", folder / "api.mts"
    document.write_bytes(service.call("GET", "/openapi.json").body)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    program = shutil.copy(PROGRAM, folder)
    made("openapi-typescript", str(document), OPTIONAL, "--output", str(types))
    made("tsc", *STRICT.split(), *MODERN.split(), str(program))
    return folder / "journey.mjs"


@pytest.fixture(scope="session")
def seen(service: Server, compiled: Path) -> Any:
    """Return what the program saw of the server."""
    address = f"http://127.0.0.1:{service.port}"
    command = [need("node"), str(compiled), address, "typescript", PASSWORD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_typed_client_creates_a_task_once(seen: dict[str, Any]) -> None:
    assert seen["repeated"] == {"id": seen["made"][0], "replayed": "true"}
    assert len(set(seen["made"])) == 3


def test_typed_client_updates_only_the_version_it_read(
    seen: dict[str, Any],
) -> None:
    assert (seen["changed"], seen["stale"]) == ("completed", "precondition-failed")


def test_typed_client_follows_cursors_to_the_end(seen: dict[str, Any]) -> None:
    assert sorted(seen["walked"]) == sorted(seen["made"])


def test_typed_client_parses_the_problem(seen: dict[str, Any]) -> None:
    assert seen["faults"] == [["#/title", "length"]]
