"""Release notes: `python -m deploy.notes 1.2.0` prints what CHANGELOG.md says of it."""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def cut(changelog: str, version: str) -> str:
    """Return the section of a version without its heading, or nothing."""
    for section in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, notes = section.partition("\n")
        if heading.split()[0] == version:
            return notes.strip()
    return ""


def main() -> None:
    """Print the notes of the version that is asked for, or fail."""
    version = sys.argv[1]
    notes = cut(CHANGELOG.read_text(), version)
    if not notes:
        sys.exit(f'CHANGELOG.md has no section "## {version}"')
    sys.stdout.write(f"{notes}\n")


if __name__ == "__main__":
    main()
