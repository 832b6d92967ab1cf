"""Files for developers: editors, containers, pre-commit."""

import configparser
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

import config

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_editorconfig_has_the_line_length_of_the_formatter() -> None:
    text = (ROOT / ".editorconfig").read_text()
    parser = configparser.ConfigParser()
    parser.read_string(f"[root]\n{text}")

    length = parser["*.py"]["max_line_length"]

    assert int(length) == PROJECT["tool"]["ruff"]["line-length"]
    assert parser["Makefile"]["indent_style"] == "tab"


def test_python_version_is_the_oldest_that_is_supported() -> None:
    version = (ROOT / ".python-version").read_text().strip()

    assert PROJECT["project"]["requires-python"] == f">={version}"
    assert PROJECT["tool"]["mypy"]["python_version"] == version


def test_pre_commit_runs_what_ci_checks() -> None:
    settings: Any = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    (repository,) = settings["repos"]
    (hook,) = repository["hooks"]

    assert (repository["repo"], hook["language"]) == ("local", "system")
    assert hook["entry"] == "make check"
    assert "\nmake check\n" in (ROOT / ".ci/run").read_text()


def test_container_installs_and_forwards_the_port() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())

    make, target = container["postCreateCommand"].split()

    assert (make, target in TARGETS) == ("make", True)
    assert container["forwardPorts"] == [config.Settings.port]


def test_security_policy_names_no_person_and_no_address() -> None:
    policy = (ROOT / "SECURITY.md").read_text()

    assert "Report a vulnerability" in policy
    assert "@" not in policy
