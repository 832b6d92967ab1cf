"""Guides for authors of clients: pages of docs/, rendered as HTML."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import mistune

FOLDER = Path(__file__).parents[2] / "docs"
NAMES = (
    "quickstart",
    "authentication",
    "tasks",
    "writes",
    "lists",
    "errors",
    "clients",
    "migrating",
)
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
        if page and page[1] in NAMES:
            return super().link(text, f"/guides/{page[1]}{page[2] or ''}", title)
        return super().link(text, url, title) if "://" in url else text


render = mistune.create_markdown(renderer=Renderer(), plugins=["table"])


@cache
def titles() -> dict[str, str]:
    """Return the titles of the guides by name, in the order of reading."""
    return {name: _title(_read(name)) for name in NAMES}


@cache
def find(name: str, address: str) -> Guide | None:
    """Return a guide with examples for a server, or None if the name is unknown."""
    if name not in NAMES:
        return None
    text = _read(name).replace(EXAMPLE_ADDRESS, address)
    return Guide(_title(text), str(render(text)))


def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text()


def _title(text: str) -> str:
    found = TITLE.search(text)
    return found[1] if found else ""
