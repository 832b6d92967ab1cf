"""What the tests of tasks share: lists to walk, moments to be at, threads to race."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import time_machine
from werkzeug.test import TestResponse

from tests.support import Client

MAX_PAGES = 50


def titles(response: TestResponse) -> list[str]:
    """Return the titles of a page, in its order."""
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json["items"]]


def found(client: Client, q: str, query: str = "sort=title") -> list[str]:
    """Return the titles of what a search finds."""
    return titles(client.get(f"tasks?{query}&q={quote(q, safe='')}"))


def next_link(response: TestResponse) -> str | None:
    """Return the address that the Link header calls the next one."""
    assert response.status_code == 200, response.text
    link = re.fullmatch('<([^>]+)>; rel="next"', response.headers.get("Link", "<>"))
    return link and link[1]


def follow(client: Client, path: str) -> list[dict[str, Any]]:
    """Walk a list to its end by its Link headers."""
    return _walk(client, path, next_link)


def walk(
    client: Client, query: str, between: Callable[[], object] = lambda: None
) -> list[dict[str, Any]]:
    """Walk a list to its end by `next_cursor`; `between` runs after each page."""

    def turn(page: TestResponse) -> str | None:
        assert page.status_code == 200, page.text
        cursor = page.json["next_cursor"]
        between()
        return cursor and f"tasks?{query}&cursor={cursor}"

    return _walk(client, f"tasks?{query}", turn)


def _walk(
    client: Client, path: str | None, turn: Callable[[TestResponse], str | None]
) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        page = client.get(str(path))
        path = turn(page)
        shown += page.json["items"]
        if path is None:
            return shown
    raise AssertionError("The walk does not end.")


@contextmanager
def at(moment: str, person: Client) -> Iterator[None]:
    """Stop the clock at a moment, where a person logs in."""
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        person.log_in()
        yield
