"""The Link of the deepest numbered page."""

import pytest
from flask import Flask
from sqlalchemy import insert

from taskapi import db
from taskapi.tasks.models import Task
from tests.helpers.client import Client
from tests.tasks.support import next_link, titles

COUNT = 10_002


@pytest.fixture
def busy_ann(app: Flask, ann: Client) -> Client:
    """Return a client with more tasks than an offset may skip, inserted directly."""
    width = len(str(COUNT))
    rows = [
        {"project_id": ann.project_id, "title": str(number).zfill(width), "terms": ""}
        for number in range(COUNT)
    ]
    with app.app_context(), db.transaction():
        db.session.execute(insert(Task), rows)
    return ann


@pytest.mark.one_database
@pytest.mark.parametrize("deepest", ["offset=10000", "page=10000"])
def test_link_of_the_deepest_page_continues(busy_ann: Client, deepest: str) -> None:
    page = busy_ann.get(f"tasks?sort=title&limit=1&{deepest}")

    following = busy_ann.get(str(next_link(page)))

    (here,), (there,) = titles(page), titles(following)
    assert int(there) == int(here) + 1
