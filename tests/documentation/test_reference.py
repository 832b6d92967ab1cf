"""The API reference of the documentation site, and its code samples."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import reference

from tests.helpers.code_samples import OPERATIONS, sample

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site"
NO_NPM = "make docs needs npm for the API reference."


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_has_samples_in_each_language(operation: str) -> None:
    samples = OPERATIONS[operation][2]["x-codeSamples"]

    labels = [one["label"] for one in samples]

    assert labels == ["curl", "Python", "TypeScript"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_curl_sample_names_the_operation(operation: str) -> None:
    method, path, _ = OPERATIONS[operation]
    expected = re.escape(reference.URL) + re.sub(r"\{\w+\}", r"\\d+", path)

    program, *arguments = shlex.split(sample(operation, "curl"))

    has_body = {"-d", "--data-binary"} & set(arguments)
    given = arguments[arguments.index("-X") + 1] if "-X" in arguments else None
    assert program == "curl"
    assert (given or ("POST" if has_body else "GET")) == method
    assert any(re.fullmatch(rf"{expected}(\?.*)?", one) for one in arguments)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_python_sample_compiles(operation: str) -> None:
    source = sample(operation, "Python")

    code = compile(source, operation, "exec")

    assert "httpx" in code.co_names


def test_typescript_samples_are_valid(tmp_path: Path) -> None:
    if not (node := shutil.which("node")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("node is missing")
    files = [tmp_path / f"{operation}.mjs" for operation in OPERATIONS]
    for file in files:
        file.write_text(sample(file.stem, "TypeScript"))
    program = (
        "const { SourceTextModule } = await import('node:vm');"
        "const { readFileSync } = await import('node:fs');"
        "for (const f of process.argv.slice(1))"
        "  new SourceTextModule(readFileSync(f, 'utf8'), { identifier: f });"
    )
    command = [node, "--experimental-vm-modules", "--input-type=module", "-e", program]

    process = subprocess.run(  # noqa: S603 - the samples
        [*command, *files], capture_output=True, text=True, check=False
    )

    assert process.returncode == 0, process.stderr


def test_samples_send_a_token_only_if_the_operation_requires_it() -> None:
    labels = ("curl", "Python", "TypeScript")

    with_token = {
        operation: {label for label in labels if "TOKEN" in sample(operation, label)}
        for operation in OPERATIONS
    }

    assert with_token == {
        name: set(labels) if operation["security"] else set()
        for name, (_, _, operation) in OPERATIONS.items()
    }


def test_committed_document_has_no_samples() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text()

    assert "x-codeSamples" not in committed


def test_script_loads_no_image_of_another_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "redoc.js"
    script.write_text(f'image("{reference.LOGO}")')
    monkeypatch.setattr(reference, "SCRIPT", script)

    served = reference.script()

    assert served == f'image("{reference.EMPTY_IMAGE}")'


def test_page_allows_no_other_host() -> None:
    page = (SITE / "theme" / "reference.html").read_text()

    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)

    assert policy.startswith("default-src 'self';")
    assert "//" not in policy
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_lock_has_the_version_of_redoc_and_all_hashes() -> None:
    wanted = json.loads((SITE / "package.json").read_text())["dependencies"]
    lock = json.loads((SITE / "package-lock.json").read_text())["packages"]

    root = lock.pop("")

    assert root["dependencies"] == wanted
    assert lock["node_modules/redoc"]["version"] == wanted["redoc"]
    assert all("integrity" in package for package in lock.values())


def test_make_docs_without_npm_names_what_is_missing(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    make = shutil.which("make")
    if not make:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("make is missing")
    (programs / "sh").symlink_to("/bin/sh")
    command = [make, "build/reference/ready", "PYTHON=python3", f"UV={os.devnull}"]

    process = subprocess.run(  # noqa: S603 - our own Makefile
        [*command, f"--makefile={ROOT / 'Makefile'}"],
        cwd=project(tmp_path),
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode != 0
    assert NO_NPM in process.stdout


def project(folder: Path) -> Path:
    """Return a folder with the lock file that make reads."""
    site = folder / "docs" / "site"
    site.mkdir(parents=True)
    shutil.copy(SITE / "package-lock.json", site)
    return folder
