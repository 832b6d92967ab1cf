"""Results of OpenAPI linters."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clients.programs import HERE, run

DOCUMENT = str(Path(__file__).parents[2] / "docs" / "openapi.json")
REDOCLY = ["lint", "--config", "redocly.yaml", "--format", "json", DOCUMENT]
SPECTRAL = ["lint", "--ruleset", ".spectral.yaml", "--fail-severity", "hint", DOCUMENT]


def off(line: str) -> bool:
    return line.endswith(": off")


def test_redocly_finds_no_problems() -> None:
    status, output = run("redocly", *REDOCLY)

    totals = json.loads(output[output.index("{") : output.rindex("}") + 1])["totals"]
    assert (status, totals) == (0, {"errors": 0, "warnings": 0, "ignored": 0}), output


@pytest.mark.slow  # takes as long as a hundred other tests
def test_spectral_finds_no_problems() -> None:
    status, output = run("spectral", *SPECTRAL)

    assert status == 0, output


@pytest.mark.parametrize("name", [".spectral.yaml", "redocly.yaml"])
def test_disabled_rule_has_a_reason(name: str) -> None:
    lines = [line.strip() for line in (HERE / name).read_text().splitlines()]

    missing = [
        rule for before, rule in pairwise(lines) if off(rule) and before[0] != "#"
    ]

    assert missing == []
