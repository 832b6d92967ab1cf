"""Apps beside the usual one, and a view of every password hash that is computed."""

from collections.abc import Callable, Iterator
from typing import Any

import bcrypt
import pytest
from flask import Flask

from taskapi import db


@pytest.fixture
def twin(app: Flask, make_app: Callable[..., Flask]) -> Iterator[Callable[..., Flask]]:
    """Return a maker of apps on the same database, with settings that differ."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        url = app.extensions["settings"].database_url
        made.append(make_app(database_url=url, **changes))
        return made[-1]

    yield make
    for other in made:
        with other.app_context():
            db.database.engine.dispose()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of algorithm and cost of each hash, which grows as they come."""
    seen: list[str] = []
    hashpw = bcrypt.hashpw

    def note(password: bytes, salt: bytes) -> bytes:
        seen.append(salt[:7].decode())
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", note)
    return seen
