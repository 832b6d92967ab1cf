"""CompiledStatement statements, and poolers that cannot have them."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client

HELD = text("SELECT count(*) FROM pg_prepared_statements")
OFTEN = 4


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("prepare", [True, False])
def test_statements_are_prepared_where_no_pooler_forbids_it(
    app_with: Callable[..., Flask], *, prepare: bool
) -> None:
    app = app_with(database_prepare=prepare)
    ann = Client(app, "ann").sign_in()
    responses = [ann.get("tasks") for _ in range(OFTEN)]

    with app.app_context():
        ((held,),) = db.read(HELD)

    assert {response.status_code for response in responses} == {200}
    assert (held > 0) is prepare
