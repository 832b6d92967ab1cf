"""Release notes: print the section of a version in CHANGELOG.md.

The release workflow runs `python3 .github/release_notes.py 1.2.0` in a checkout without
an installation, so this script imports the standard library only.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path("CHANGELOG.md")


def section(changelog: str, version: str) -> str:
    """Return the section of a version without its heading, or "" if it is missing."""
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, notes = part.partition("\n")
        if heading.split()[0] == version:
            return notes.strip()
    return ""


def main() -> None:
    """Print the notes of the version given on the command line, or exit with 1."""
    version = sys.argv[1]
    notes = section(CHANGELOG.read_text(), version)
    if not notes:
        sys.exit(f'CHANGELOG.md has no section "## {version}"')
    sys.stdout.write(f"{notes}\n")


if __name__ == "__main__":
    main()
