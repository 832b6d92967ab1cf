"""The tools and versions that docs/clients.md names are those that the tests use."""

import json
import re

import pytest

from tests.using.conftest import ROOT

NODE = {
    "@hey-api/openapi-ts": "hey-api",
    "@usebruno/cli": "Bruno",
    "newman": "newman",
    "openapi-fetch": "openapi-fetch",
    "openapi-to-postmanv2": "openapi-to-postmanv2",
    "openapi-typescript": "openapi-typescript",
    "orval": "orval",
}
PYTHON = {
    "datamodel-code-generator": "generators",
    "openapi-generator-cli": "generators",
    "openapi-python-client": "dev",
    "schemathesis": "dev",
}


def installed() -> dict[str, str]:
    """Return the pinned version of each tool by its name in the documentation."""
    packages: dict[str, str] = {}
    for folder in ("clients", "generators"):
        file = ROOT / "tests" / folder / "package.json"
        packages |= json.loads(file.read_text())["devDependencies"]
    found = {NODE[name]: packages[name] for name in NODE}
    for name, group in PYTHON.items():
        lock = (ROOT / f"requirements-{group}.txt").read_text()
        line = re.search(rf"^{name}(?:\[\w+\])?==(\S+)", lock, re.MULTILINE)
        assert line is not None
        found[name.removesuffix("-cli")] = line[1]
    return found


@pytest.mark.parametrize(("name", "version"), installed().items())
def test_documentation_names_the_tested_version(name: str, version: str) -> None:
    text = (ROOT / "docs" / "clients.md").read_text()
    short = ".".join(version.split(".")[:2])

    assert re.search(rf"\b{name}\b\S* \({short}\)", text)
