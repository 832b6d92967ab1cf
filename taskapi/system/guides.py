"""Guides for authors of clients: pages of docs/, rendered as HTML."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import mistune

FOLDER = Path(__file__).parents[2] / "docs"
SUMMARIES = {
    "quickstart": "Register, log in, and create and change a first task with curl.",
    "authentication": "Which credential to send, and how to refresh or revoke it.",
    "tasks": "How subtasks, tags, search, due dates, the trash, bulk changes and files "
    "work.",
    "teams": "Share a project, assign a task, and restrict a key to the project.",
    "projects": "Rules of roles, invitations, members, assignees, moves and deletion.",
    "writes": "How to lose no update, and how to repeat a request safely.",
    "lists": "How to read a list to its end, filter it and sort it.",
    "errors": "What an error response contains, and when to try again.",
    "clients": "How to generate a client, and functions to copy in Python and "
    "TypeScript.",
    "migrating": "Which feature corresponds to one of another task API.",
}
"""One sentence about each guide, in the order of reading."""

EXAMPLE_ADDRESS = "http://127.0.0.1:8000"
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
PAGE = re.compile(r"(\w+)\.md(#.+)?")


class Guide(NamedTuple):
    """A guide as HTML."""

    title: str
    html: str


class Renderer(mistune.HTMLRenderer):
    """Renderer that adds anchors to headings and links guides to each other."""

    def heading(self, text: str, level: int, **_attributes: object) -> str:
        """Render a heading with the anchor that links on GitHub use."""
        plain = re.sub(r"<[^>]+>|[^\w\- ]", "", text).strip().lower()
        return f'<h{level} id="{plain.replace(" ", "-")}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Render a link; only the text if it leads to a file of the repository."""
        page = PAGE.fullmatch(url)
        if page and page[1] in SUMMARIES:
            return super().link(text, f"/guides/{page[1]}{page[2] or ''}", title)
        is_shown = "://" in url or url.startswith("#")
        return super().link(text, url, title) if is_shown else text


render = mistune.create_markdown(renderer=Renderer(), plugins=["table"])


class Entry(NamedTuple):
    """A guide in the list of guides."""

    name: str
    title: str
    summary: str


@cache
def entries() -> list[Entry]:
    """Return all guides, in the order of reading."""
    return [
        Entry(name, _title(_read(name)), summary) for name, summary in SUMMARIES.items()
    ]


@cache
def find(name: str, address: str) -> Guide | None:
    """Return a guide with examples for a server, or None if the name is unknown."""
    if name not in SUMMARIES:
        return None
    text = _read(name).replace(EXAMPLE_ADDRESS, address)
    return Guide(_title(text), str(render(text)))


def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text()


def _title(text: str) -> str:
    found = TITLE.search(text)
    return found[1] if found else ""
