"""Helpers for lists of tasks and for the time."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import time_machine
from werkzeug.test import TestResponse

from tests.helpers.client import Client

MAX_PAGES = 50


def titles(response: TestResponse) -> list[str]:
    """Return the titles of a page, in its order."""
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json["items"]]


def found(client: Client, q: str, query: str = "sort=title") -> list[str]:
    """Return the titles of the tasks that a search finds."""
    return titles(client.get(f"tasks?{query}&q={quote(q, safe='')}"))


def next_link(response: TestResponse) -> str | None:
    """Return the URL of the next page in the Link header."""
    assert response.status_code == 200, response.text
    link = re.fullmatch('<([^>]+)>; rel="next"', response.headers.get("Link", "<>"))
    return link and link[1]


def follow(client: Client, path: str) -> list[dict[str, Any]]:
    """Read all pages of a list by its Link headers."""
    return _read_all(client, path, next_link)


def read_all(
    client: Client, query: str, between: Callable[[], object] = lambda: None
) -> list[dict[str, Any]]:
    """Read all pages of a list by `next_cursor`; `between` runs after each page."""

    def next_path(page: TestResponse) -> str | None:
        assert page.status_code == 200, page.text
        cursor = page.json["next_cursor"]
        between()
        return cursor and f"tasks?{query}&cursor={cursor}"

    return _read_all(client, f"tasks?{query}", next_path)


def _read_all(
    client: Client, path: str | None, next_path: Callable[[TestResponse], str | None]
) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        page = client.get(str(path))
        path = next_path(page)
        shown += page.json["items"]
        if path is None:
            return shown
    raise AssertionError("The list does not end.")


@contextmanager
def at(timestamp: str, client: Client) -> Iterator[None]:
    """Freeze the time and give a client a session that began then."""
    with time_machine.travel(datetime.fromisoformat(timestamp), tick=False):
        client.renew_session()
        yield
