"""Query plans of the statements of a request."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.statements import record_statements

SQLITE_SORT = "TEMP B-TREE FOR ORDER BY"


def plans(client: Client, path: str, *, generic: bool = False) -> list[str]:
    """Return the plan steps of all statements of a request except the first.

    Both databases indent a step below the one that needs it. `generic` is the plan of
    PostgreSQL for any values, which it may use for prepared statements.
    """
    with client.app.app_context():
        engine = db.database.engine
    with engine.connect() as connection:
        return [
            step
            for statement, values in _statements(client, path, status=200)
            for step in _indented(
                connection.exec_driver_sql(
                    *_explain(statement, values, generic=generic)
                )
                if engine.dialect.name == "postgresql"
                else connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", values
                )
            )
        ]


def _explain(statement: str, values: Any, *, generic: bool) -> tuple[Any, ...]:
    """Return the arguments that explain a statement of PostgreSQL."""
    if not generic:
        return f"EXPLAIN {statement}", values
    numbers: dict[str, int] = {}
    numbered = re.sub(
        r"%\((\w+)\)s",
        lambda match: f"${numbers.setdefault(match[1], len(numbers) + 1)}",
        statement,
    )
    return (f"EXPLAIN (GENERIC_PLAN) {numbered}",)


def _indented(rows: Iterable[Any]) -> Iterator[str]:
    """Yield the steps; SQLite returns each with the id of its parent."""
    depths = {0: -1}
    for row in rows:
        if len(row) == 1:
            yield str(row[0])
            continue
        step, parent, _, text = row
        depths[step] = depths[parent] + 1
        yield "  " * depths[step] + text


def large_sorts(plan: list[str], most: int) -> list[str]:
    """Return the sorts of more than some rows, and those of a project on SQLite.

    A list sorts the first keys of each project, which it reads in order.
    """
    found, depth = [], None
    for step in plan:
        indent = len(step) - len(step.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if "CORRELATED LIST SUBQUERY" in step:
            depth = indent
        rows = re.search(r"\bSort\b.*rows=(\d+)", step)
        if (rows and int(rows[1]) > most) or (
            depth is not None and SQLITE_SORT in step
        ):
            found.append(step)
    return found


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
