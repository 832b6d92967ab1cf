"""The script that the release workflow runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ".github/release_notes.py"
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


def run_script(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """Run the script on the changelog, without installed packages."""
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    command = [sys.executable, "-I", "-S", str(ROOT / SCRIPT), version]
    return subprocess.run(  # noqa: S603 - our own script
        command, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("1.10.0", "- Newer.\n\n  With a second paragraph.\n"),
        ("1.1.0", "- Older.\n"),
    ],
)
def test_release_notes_are_the_section_of_the_version(
    tmp_path: Path, version: str, notes: str
) -> None:
    process = run_script(tmp_path, version)

    assert (process.returncode, process.stdout) == (0, notes)


@pytest.mark.parametrize("version", ["1.1", "1x10.0", "2.0.0"])
def test_release_notes_of_an_unknown_version_are_an_error(
    tmp_path: Path, version: str
) -> None:
    process = run_script(tmp_path, version)

    assert (process.returncode, process.stdout) == (1, "")
    assert f'"## {version}"' in process.stderr


def test_release_notes_script_is_run_by_the_workflow() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text()

    assert f"python3 {SCRIPT} " in workflow
