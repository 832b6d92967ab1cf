"""Prepared statements, and DATABASE_PREPARE=false for poolers without them."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client

COUNT_PREPARED = text("SELECT count(*) FROM pg_prepared_statements")
REPETITIONS = 4


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("prepare", [True, False])
def test_statements_are_prepared_unless_disabled(
    app_with: Callable[..., Flask], *, prepare: bool
) -> None:
    app = app_with(database_prepare=prepare)
    ann = Client(app, "ann").sign_in()
    responses = [ann.get("tasks") for _ in range(REPETITIONS)]

    with app.app_context():
        ((prepared,),) = db.read(COUNT_PREPARED)

    assert {response.status_code for response in responses} == {200}
    assert (prepared > 0) is prepare
