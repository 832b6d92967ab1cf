"""Tests of the recipe "Add a resource", which run in the copy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.client import Client, assert_problem
from tests.helpers.databases import new_databases

NOTE = {"text": "Buy seeds"}


@pytest.fixture(params=KINDS)
def empty(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Flask]:
    """Return an app on an empty database of each kind."""
    with new_databases(tmp_path, make_app) as make:
        yield make(request.param)


def test_note_is_created_changed_and_deleted(ann: Client) -> None:
    created = ann.post("notes", NOTE)
    path = created.headers["Location"].removeprefix("/api/v1/")

    changed = ann.patch(path, {"text": "Buy soil"}, headers={"If-Match": '"1"'})
    listed = ann.get("notes").json["items"]
    deleted = ann.delete(path)

    assert created.status_code == 201
    assert (changed.json["text"], changed.headers["ETag"]) == ("Buy soil", '"2"')
    assert listed == [changed.json]
    assert (deleted.status_code, ann.get(path).status_code) == (204, 404)


def test_note_is_not_overwritten(ann: Client) -> None:
    path = f"notes/{ann.post('notes', NOTE).json['id']}"
    ann.patch(path, {"text": "Buy soil"})

    response = ann.patch(path, NOTE, headers={"If-Match": '"1"'})

    assert_problem(response, 412, "precondition-failed")


def test_note_of_another_account_is_not_found(ann: Client, bob: Client) -> None:
    path = f"notes/{ann.post('notes', NOTE).json['id']}"

    statuses = {bob.get(path).status_code, bob.delete(path).status_code}

    assert statuses == {404}


def test_migration_is_reversible(empty: Flask) -> None:
    for step in ("upgrade", "downgrade", "upgrade"):
        result = empty.test_cli_runner().invoke(args=["db", step])
        assert result.exit_code == 0, result.output

    ann = Client(empty, "ann").register().log_in()

    assert ann.post("notes", NOTE).status_code == 201
