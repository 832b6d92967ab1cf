"""How the database reads what a request asks of the tasks."""

from typing import Any

from taskapi import db
from tests.backstage import hearing
from tests.support import Client


def plans(client: Client, path: str) -> list[str]:
    """Return the steps of the plans of a request's statements but the first."""
    asked: list[tuple[str, Any]] = []

    def note(statement: str, values: Any) -> None:
        asked.append((statement, values))

    with client.app.app_context():
        engine = db.database.engine
    with hearing(client.app, note):
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    word = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with engine.connect() as connection:
        return [
            str(row[-1])
            for statement, values in asked[1:]
            for row in connection.exec_driver_sql(word + statement, values)
        ]
