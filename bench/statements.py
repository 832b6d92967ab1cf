"""Number of SQL statements of a request on PostgreSQL, without BEGIN and COMMIT.

This is the program of the process that `resources.statements()` starts.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

import config
from bench.data import NEW_TASK
from bench.in_process import call
from bench.load import TASKS
from taskapi import create_app

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK")


def count(token: str, path: str) -> dict[str, int]:
    """Send each request twice in this process, and count the second time."""
    app = create_app(config.load())
    requests = {
        "get": ("GET", path),
        "list 20": ("GET", f"{TASKS}?limit=20"),
        "create": ("POST", TASKS, NEW_TASK),
        "patch": ("PATCH", path, {"priority": "urgent"}),
        "patch back": ("PATCH", path, {"priority": "low"}),
    }
    counts = {}
    for name, (method, target, *body) in [*requests.items()] * 2:
        with _recorded() as statements:
            call(app, method, target, *(body or [None]), token)
        counts[name] = len(statements)
    del counts["patch back"]
    return counts


@contextmanager
def _recorded() -> Iterator[list[str]]:
    """Record the statements that any psycopg cursor executes."""
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def record(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if not text.startswith(TRANSACTION_CONTROL):
            statements.append(text)
        return execute(cursor, query, *arguments, **options)

    psycopg.Cursor.execute = record  # type: ignore[method-assign] - a measurement
    try:
        yield statements
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign] - as before


if __name__ == "__main__":
    output = sys.stdout
    with Path(os.devnull).open("w") as sys.stdout:  # the access log
        counted = count(*sys.argv[1:])
    json.dump(counted, output)
