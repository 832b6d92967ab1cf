"""What the linters of OpenAPI say of the document."""

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


def test_redocly_finds_neither_errors_nor_warnings() -> None:
    status, said = run("redocly", *REDOCLY)

    totals = json.loads(said[said.index("{") : said.rindex("}") + 1])["totals"]
    assert (status, totals) == (0, {"errors": 0, "warnings": 0, "ignored": 0}), said


def test_spectral_and_owasp_find_nothing() -> None:
    status, said = run("spectral", *SPECTRAL)

    assert status == 0, said


@pytest.mark.parametrize("name", [".spectral.yaml", "redocly.yaml"])
def test_each_rule_that_is_off_has_its_reason_above_it(name: str) -> None:
    lines = [line.strip() for line in (HERE / name).read_text().splitlines()]

    silent = [
        rule for before, rule in pairwise(lines) if off(rule) and before[0] != "#"
    ]

    assert silent == []
