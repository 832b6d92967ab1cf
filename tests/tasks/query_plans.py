"""Query plans of the statements of a request."""

from collections.abc import Iterator
from typing import Any

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.statements import record_statements


def plans(client: Client, path: str) -> list[str]:
    """Return the plan steps of all statements of a request except the first."""
    with client.app.app_context():
        engine = db.database.engine
    explain = (
        "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    )
    with engine.connect() as connection:
        return [
            str(row[-1])
            for statement, values in _statements(client, path, status=200)
            for row in connection.exec_driver_sql(explain + statement, values)
        ]


def work(client: Client, path: str, status: int) -> int:
    """Return the number of rows that PostgreSQL reads, or of SQLite's steps."""
    with client.app.app_context():
        engine = db.database.engine
    statements = _statements(client, path, status)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql(_allow_plans("off"))
            try:
                return sum(_rows_read(connection, *one) for one in statements)
            finally:
                connection.exec_driver_sql(_allow_plans("on"))
        return sum(_steps(connection, *one) for one in statements)


def _allow_plans(state: str) -> str:
    """Return statements that switch plans for tables as small as those of tests.

    There, reading all rows can be cheaper than an index.
    """
    kinds = ("seqscan", "mergejoin", "hashjoin")
    return "; ".join(f"SET enable_{kind} = {state}" for kind in kinds)


def _statements(client: Client, path: str, status: int) -> list[tuple[str, Any]]:
    recorded: list[tuple[str, Any]] = []

    def record(statement: str, values: Any) -> None:
        recorded.append((statement, values))

    with record_statements(client.app, record):
        response = client.get(path)
    assert response.status_code == status, response.text
    return recorded[1:]


def _rows_read(connection: Any, statement: str, values: Any) -> int:
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    [plan] = connection.exec_driver_sql(explained, values).scalar_one()
    return sum(_rows_of(node) for node in _nodes(plan["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the steps except those that count the subtasks of each row."""
    yield plan
    for below in plan.get("Plans", ()):
        if below["Parent Relationship"] != "SubPlan":
            yield from _nodes(below)


def _rows_of(node: dict[str, Any]) -> int:
    if node.get("Relation Name") != "tasks":
        return 0
    removed = [count for name, count in node.items() if name.startswith("Rows Removed")]
    return round((node["Actual Rows"] + sum(removed)) * node["Actual Loops"])


def _steps(connection: Any, statement: str, values: Any) -> int:
    """Count instructions of SQLite's virtual machine, in hundreds."""
    driver, hundreds = connection.connection.dbapi_connection, []
    driver.set_progress_handler(lambda: hundreds.append(1), 100)
    try:
        connection.exec_driver_sql(statement, values).all()
    finally:
        driver.set_progress_handler(None, 0)
    return 100 * len(hundreds)
