"""Plain English: no terms that only the authors of the project understand.

`plain_english.tsv` has a line for each term: words, files, a regular expression if the
words alone are not enough, and what to write instead. Where such a word is right, a
line in `plain_english_exceptions.tsv` says why: file, part of the line, reason.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SKIPPED = (".json", ".lock", ".png", ".tsv", ".txt", "LICENSE")
"""Generated files, lists of passwords and packages, images, and the terms."""

WORD = re.compile("[a-z]+")


class Term(NamedTuple):
    """A term to avoid, in files that match a pattern."""

    files: str
    expression: re.Pattern[str]
    replacement: str


class Place(NamedTuple):
    """A line of a file with a term to avoid."""

    file: str
    number: int
    line: str
    term: Term

    def __str__(self) -> str:
        found = f"{self.file}:{self.number}: {self.line.strip()}"
        return f"{found}\n    write instead: {self.term.replacement}"


def read_table(name: str) -> list[list[str]]:
    """Return the rows of a table; its first line is a heading."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


def load_terms() -> dict[str, list[Term]]:
    """Return the terms by each of their words."""
    terms = defaultdict(list)
    for words, files, expression, replacement in read_table("plain_english.tsv"):
        pattern = expression or f"(?<![a-z])(?:{words.replace(' ', '|')})(?![a-z])"
        term = Term(files, re.compile(pattern, re.IGNORECASE), replacement)
        for word in words.split():
            terms[word].append(term)
    return terms


def tracked_files() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed arguments
    return [name for name in listed.stdout.splitlines() if not name.endswith(SKIPPED)]


TERMS = load_terms()


def find_terms(file: str, text: str) -> Iterator[Place]:
    """Yield the lines of a text that contain a term to avoid."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in TERMS.keys() & set(WORD.findall(line.lower())):
            for term in TERMS[word]:
                if fnmatch(file, term.files) and term.expression.search(line):
                    yield Place(file, number, line, term)


@cache
def found_places() -> list[Place]:
    """Return all places in the checkout, whether they are exceptions or not."""
    try:
        files = tracked_files()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout")
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in files}
    return [place for file in files for place in find_terms(file, texts[file])]


def is_exception(place: Place, row: list[str]) -> bool:
    file, part, _reason = row
    return fnmatch(place.file, file) and part in place.line


def test_texts_use_plain_english() -> None:
    exceptions = read_table("plain_english_exceptions.tsv")

    remaining = [
        place
        for place in found_places()
        if not any(is_exception(place, row) for row in exceptions)
    ]

    assert not remaining, "\n".join(map(str, remaining))


def test_each_exception_is_needed() -> None:
    exceptions = read_table("plain_english_exceptions.tsv")

    unused = [
        row
        for row in exceptions
        if not any(is_exception(place, row) for place in found_places())
    ]

    assert unused == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("def refuse(answer):", True),
        ("The task is gone.", True),
        ("KEPT_FIGURES = 3", True),
        ("Clients that send no token are rejected.", False),
        ("connection refused", False),
    ],
)
def test_terms_are_found(line: str, *, is_found: bool) -> None:
    found = list(find_terms("docs/page.md", line))

    assert bool(found) is is_found
