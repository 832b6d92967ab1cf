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

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("journey.mts")
OPTIONAL = "--default-non-nullable=false"
STRICT = (
    "--strict --skipLibCheck --noUncheckedIndexedAccess --exactOptionalPropertyTypes"
)
MODERN = "--target es2022 --module nodenext"


def run_program(name: str, *arguments: str) -> None:
    status, output = run(name, *arguments)
    assert status == 0, output


@pytest.fixture(scope="session")
def compiled(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the program, compiled with types of the live document."""
    folder = tmp_path_factory.mktemp("typescript")
    document, types = folder / "openapi.json", folder / "api.mts"
    document.write_bytes(service.call("GET", "/openapi.json").body)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    program = shutil.copy(PROGRAM, folder)
    run_program("openapi-typescript", str(document), OPTIONAL, "--output", str(types))
    run_program("tsc", *STRICT.split(), *MODERN.split(), str(program))
    return folder / "journey.mjs"


@pytest.fixture(scope="session")
def results(service: Server, compiled: Path) -> Any:
    """Run the program; return its results."""
    address = f"http://127.0.0.1:{service.port}"
    command = [need("node"), str(compiled), address, "typescript", PASSWORD]
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_typed_client_creates_a_task_once(results: dict[str, Any]) -> None:
    assert results["repeated"] == {"id": results["created"][0], "replayed": "true"}
    assert len(set(results["created"])) == 3


def test_typed_client_updates_only_the_version_it_read(
    results: dict[str, Any],
) -> None:
    assert (results["changed"], results["stale"]) == (
        "completed",
        "precondition-failed",
    )


def test_typed_client_follows_cursors_to_the_end(results: dict[str, Any]) -> None:
    assert sorted(results["listed"]) == sorted(results["created"])


def test_typed_client_parses_the_problem(results: dict[str, Any]) -> None:
    assert results["errors"] == [["#/title", "length"]]
