import subprocess
import sys
from pathlib import Path

import pytest

from deploy.notes import cut

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

What users can do.

## Unreleased

- Not yet.

## 1.10.0 - 2026-12-01

- Newer.

  With a second paragraph.

## 1.1.0

- Older.
"""


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("1.10.0", "- Newer.\n\n  With a second paragraph."),
        ("1.1.0", "- Older."),
        ("1.1", ""),
        ("1x10.0", ""),
        ("2.0.0", ""),
    ],
)
def test_the_notes_of_a_release_are_its_section(version: str, notes: str) -> None:
    found = cut(CHANGELOG, version)

    assert found == notes


def test_a_release_without_a_section_is_refused() -> None:
    words = [sys.executable, "-m", "deploy.notes", "999.0.0"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own script

    assert done.returncode != 0
    assert '"## 999.0.0"' in done.stderr
