"""Clients that generators make from the document; each does the same steps.

A step is missing from the output of a client if its generator cannot do it.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.client import PASSWORD
from tests.helpers.server import Server
from tests.using.conftest import ROOT, need

JOURNEYS = Path(__file__).with_name("journeys")
CLIENTS = ROOT / "tests" / "clients" / "node_modules"
GENERATORS = ROOT / "tests" / "generators" / "node_modules"
VENV = ROOT / "build" / "generators" / "bin"
OWN = Path(sys.executable).parent
PLACES = (CLIENTS / ".bin", GENERATORS / ".bin", VENV, OWN)
MISSING = "needs `make test-all`, with npm, to install the generators"
STRICT = "--strict --skipLibCheck --target es2022 --types node"
COMMONJS = "--module commonjs --moduleResolution node10"
JAVA = "openapi-generator-cli generate -q -i openapi.json"
MODELS = "--output-model-type pydantic_v2.BaseModel --collapse-root-models"


class Tool(NamedTuple):
    """The command of a generator, and where the client finds what it imports."""

    command: str
    packages: Path


TYPESCRIPT = {
    "openapi_fetch": Tool(
        "openapi-typescript openapi.json --default-non-nullable=false -o made.ts",
        CLIENTS,
    ),
    "hey_api": Tool("openapi-ts -i openapi.json -o made", GENERATORS),
    "orval": Tool("orval --config orval.config.cjs", GENERATORS),
    "typescript_fetch": Tool(
        f"{JAVA} -g typescript-fetch -o made --global-property skipFormModel=false",
        GENERATORS,
    ),
}
PYTHON = {
    "openapi_python_client": Tool(
        "openapi-python-client generate --path openapi.json --meta none "
        "--config openapi-python-client.yml --output-path made --fail-on-warning",
        OWN,
    ),
    "openapi_generator": Tool(
        f"{JAVA} -g python -o . --additional-properties packageName=made", VENV
    ),
    "datamodel_code_generator": Tool(
        f"datamodel-codegen --input openapi.json --output made.py {MODELS}", VENV
    ),
}
QUICK = {"openapi_fetch", "openapi_python_client"}


def tools(names: dict[str, Tool]) -> list[Any]:
    slow = pytest.mark.slow
    return [pytest.param(n, marks=() if n in QUICK else slow) for n in names]


def run(folder: Path, command: str | list[str], **variables: str) -> str:
    """Run a program of a generator; return its standard output."""
    name, *words = command.split() if isinstance(command, str) else command
    found = [place / name for place in PLACES if (place / name).exists()]
    if not found and not shutil.which(name):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    done = subprocess.run(  # noqa: S603 - pinned programs
        [*(found or [Path(name)])[:1], *words],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def generate(folder: Path, service: Server, tool: Tool) -> None:
    """Copy the journeys, and generate the client next to them."""
    shutil.copytree(JOURNEYS, folder, dirs_exist_ok=True)
    (folder / "openapi.json").write_bytes(service.call("GET", "/openapi.json").body)
    run(folder, tool.command)


def arguments(service: Server) -> list[str]:
    """Return the address of the service, a new username and a password."""
    name = f"ann-{secrets.token_hex(4)}"
    return [f"http://127.0.0.1:{service.port}", name, PASSWORD]


def expected(name: str) -> dict[str, Any]:
    return {
        "registered": name,
        "repeated": "true",
        "cleared": None,
        "stale": ["precondition-failed", 2],
        "listed": ["Sow", "Water", "Weed"],
        "exported": 4,
        "imported": 1,
        "problem": ["validation-error", "#/title", "length"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", tools(TYPESCRIPT))
def test_typescript_client_does_all_steps(
    service: Server, tmp_path: Path, name: str
) -> None:
    need("node")
    generate(tmp_path, service, TYPESCRIPT[name])
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT[name].packages)
    run(tmp_path, f"tsc {STRICT} {COMMONJS} {name}.ts")
    words = arguments(service)

    output = run(tmp_path, ["node", f"{name}.js", *words])

    assert json.loads(output) == expected(words[1])


@pytest.mark.parametrize("name", tools(PYTHON))
def test_python_client_does_all_steps(
    service: Server, tmp_path: Path, name: str
) -> None:
    generate(tmp_path, service, PYTHON[name])
    words = arguments(service)

    output = run(
        tmp_path, [str(PYTHON[name].packages / "python"), f"{name}.py", *words]
    )

    assert json.loads(output) == expected(words[1])
