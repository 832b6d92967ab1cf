"""Linters of shipped files, and rules of the GitHub workflows."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
WORKFLOW = ".github/workflows/ci.yml"
WORKFLOWS = [
    f".github/workflows/{name}.yml" for name in ("ci", "nightly", "release", "security")
]
RELEASE = ".github/workflows/release.yml"
ALL = " ".join(WORKFLOWS)
DEPENDABOT = ".github/dependabot.yml"
TIMEOUTS = "custom.github-workflows-require-timeout"
SCHEMA = "check-jsonschema --builtin-schema"


def read(path: str) -> str:
    return (ROOT / path).read_text()


def parse(path: str) -> Any:
    return yaml.safe_load(read(path))


def run(tool: str, *arguments: str) -> tuple[int, str]:
    command = [TOOLS / tool, *arguments]
    process = subprocess.run(  # noqa: S603 - linters of the environment
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return process.returncode, process.stdout + process.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(f"{SCHEMA} vendor.github-workflows {ALL}", id="workflows"),
        pytest.param(f"{SCHEMA} {TIMEOUTS} {ALL}", id="timeouts"),
        pytest.param(f"{SCHEMA} vendor.dependabot {DEPENDABOT}", id="dependabot"),
        pytest.param(f"{SCHEMA} vendor.compose-spec compose.yaml", id="compose"),
        pytest.param("hadolint Dockerfile", id="image"),
        pytest.param("zizmor --offline .", id="security"),
    ],
)
def test_linters_find_nothing(command: str) -> None:
    tool, *arguments = command.split()

    status, output = run(tool, *arguments)

    assert status == 0, output


def test_each_workflow_is_linted() -> None:
    there = {str(p.relative_to(ROOT)) for p in ROOT.glob(".github/workflows/*")}

    assert there == set(WORKFLOWS)


@pytest.mark.parametrize("path", WORKFLOWS)
def test_actions_are_pinned_by_hash_and_name_their_version(path: str) -> None:
    workflow = read(path)

    used = re.findall(r"uses: (.+)", workflow)
    pinned = re.findall(r"uses: (\S+@[0-9a-f]{40} # v[\d.]+)\n", workflow)

    assert used
    assert used == pinned


@pytest.mark.parametrize("path", WORKFLOWS)
def test_checkouts_do_not_persist_credentials(path: str) -> None:
    workflow = read(path)

    checkouts = workflow.count("uses: actions/checkout@")
    cleared = workflow.count("persist-credentials: false")

    assert checkouts == cleared


@pytest.mark.parametrize("path", WORKFLOWS)
def test_workflows_have_read_permissions_by_default(path: str) -> None:
    workflow = parse(path)

    jobs = workflow["jobs"].values()
    writes = [set(job.get("permissions", {}).values()) for job in jobs]

    assert workflow["permissions"] == {"contents": "read"}
    assert all(rights <= {"read", "write"} for rights in writes)
    assert "pull_request_target" not in read(path)


def test_release_pushes_the_image_before_it_is_published() -> None:
    jobs = parse(RELEASE)["jobs"]

    rights = {name: job["permissions"] for name, job in jobs.items()}

    assert jobs["notes"]["needs"] == "image"
    assert rights["image"] == {"contents": "read", "packages": "write"}
    assert rights["notes"] == {"contents": "write"}


def test_release_image_has_both_architectures_and_attestations() -> None:
    build = parse(RELEASE)["jobs"]["image"]["steps"][-1]["run"]

    assert "--platform linux/amd64,linux/arm64" in build
    assert "--sbom=true --provenance=mode=max" in build
    assert re.findall(r"--tag \"\$image:(\S+)\"", build) == [
        "${GITHUB_REF_NAME#v}",
        "latest",
    ]


def test_dependabot_updates_each_npm_lock() -> None:
    locks = [*ROOT.glob("docs/*/package-lock.json")]
    locks += ROOT.glob("tests/*/package-lock.json")

    updates = parse(DEPENDABOT)["updates"]

    folders = {u["directory"] for u in updates if u["package-ecosystem"] == "npm"}
    assert folders == {f"/{lock.parent.relative_to(ROOT)}" for lock in locks}


def test_oldest_supported_python_is_tested() -> None:
    promise = re.search(r'requires-python = ">=(.+)"', read("pyproject.toml"))

    tested = parse(WORKFLOW)["jobs"]["test"]["strategy"]["matrix"]["python"]

    assert promise
    assert promise[1] == tested[0]
