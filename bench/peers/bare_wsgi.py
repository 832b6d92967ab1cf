"""The limit for a stack on gunicorn: bare WSGI callables with the product's SQL.

`plain` answers as the account of BENCH_OWNER; `authenticated` takes a token and looks
its session up. There is nothing else: no checks, no limits, no log lines.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import psycopg
from psycopg.rows import dict_row
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg as postgresql

from taskapi import clock
from taskapi.auth.service import CALLER
from taskapi.tasks import listing, queries, service, values
from taskapi.tasks.models import Priority, Status
from taskapi.tasks.search import Words
from taskapi.tasks.sorting import parse_sort

SECRET = os.environ["SECRET_KEY"]
DATABASE_URL = os.environ["DATABASE_URL"]
ON_SQLITE = DATABASE_URL.startswith("sqlite")
DIALECT: Any = sqlite.dialect(paramstyle="named") if ON_SQLITE else postgresql.dialect()
TASK = re.compile("/api/v1/tasks/([0-9]+)")
RANKS = list(Priority)
INTERNAL = {"position", "done_count", "due_at", "due_is_day"}
CHANGE = "UPDATE tasks SET {} WHERE id = {} AND owner_id = {} AND deleted_at IS NULL"

local = threading.local()


class Query:
    """A statement of the product as text, with the values that it brings itself."""

    def __init__(self, prepared: Any) -> None:
        compiled = prepared.statement.compile(
            dialect=DIALECT, column_keys=prepared.columns
        )
        self.text = str(compiled)
        named = compiled.binds.items()
        self.given = {n: _plain(b.value) for n, b in named if b.value is not None}

    def run(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows."""
        return _connection().execute(self.text, self.given | given).fetchall()


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Status) else value


def _connection() -> Any:
    if not hasattr(local, "connection"):
        local.connection = _connected()
    return local.connection


def _connected() -> Any:
    if not ON_SQLITE:
        url = DATABASE_URL.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, row_factory=dict_row)
    path = DATABASE_URL.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = lambda cursor, row: {
        column[0]: value for column, value in zip(cursor.description, row, strict=True)
    }
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


ONE = Query(queries.ONE)
PAGE = Query(
    listing.page(frozenset(), parse_sort("-created_at"), (), only_ids=False).statement
)
INSERT = Query(service.INSERT)
SESSION = Query(CALLER)


def _stored(moment: Any) -> Any:
    """Write a moment as the database keeps it."""
    is_moment = ON_SQLITE and isinstance(moment, datetime)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if is_moment else moment


def _shown(moment: Any) -> str | None:
    if moment is None:
        return None
    if ON_SQLITE:
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return str(moment.astimezone(UTC).isoformat()[:-6] + "Z")


def _task(row: dict[str, Any]) -> dict[str, Any]:
    """Return the answer: all that the product's has."""
    task = {name: value for name, value in row.items() if name not in INTERNAL}
    due = _shown(row["due_at"])
    done, of = row["done_count"], row["subtask_count"]
    completed = row["status"] == "completed"
    task["due_date"] = due[:10] if due and row["due_is_day"] else due
    task["priority"] = RANKS[row["priority"] - 1]
    task["tags"] = sorted(filter(None, (row["tags"] or "").split(",")))
    task["is_overdue"] = bool(row["is_overdue"])
    task["progress"] = done / of if of else float(completed)
    for name in ("completed_at", "deleted_at", "created_at", "updated_at"):
        task[name] = _shown(row[name])
    return task


def _moments(owner_id: int) -> dict[str, Any]:
    now = clock.now()
    today = datetime.combine(now.date(), time(), UTC)
    return {"whose": owner_id, "now": _stored(now), "today": _stored(today)}


def _find(owner_id: int, task_id: int) -> dict[str, Any]:
    return _task(ONE.run(_moments(owner_id) | {"task_id": task_id})[0])


def _list(owner_id: int, limit: int) -> dict[str, Any]:
    paging = {"limit": limit + 1, "offset": 0}
    rows = PAGE.run(_moments(owner_id) | paging)
    return {"items": [_task(row) for row in rows[:limit]], "total": None}


def _create(owner_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    columns = values.first(owner_id, fields, clock.now())
    columns["words"] = Words().process_bind_param(columns["words"], DIALECT)
    columns["priority"] = RANKS.index(columns["priority"]) + 1
    given = {name: _plain(_stored(value)) for name, value in columns.items()}
    return _task(INSERT.run(_moments(owner_id) | given | {"joined": ""})[0])


def _change(owner_id: int, task_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    mark = "?" if ON_SQLITE else "%s"
    columns = {**fields, "updated_at": _stored(clock.now())}
    sets = [f"{name} = {mark}" for name in columns] + ["version = version + 1"]
    text = CHANGE.format(", ".join(sets), mark, mark)
    _connection().execute(text, [*columns.values(), task_id, owner_id])
    return _find(owner_id, task_id)


def _answer(environ: dict[str, Any], owner: Callable[[], int]) -> tuple[int, Any]:
    path = environ["PATH_INFO"]
    if path == "/health":
        return 200, {"status": "ok"}
    if one := TASK.fullmatch(path):
        return 200, _answer_one(environ, owner(), int(one[1]))
    if environ["REQUEST_METHOD"] == "POST":
        return 201, _create(owner(), _body(environ))
    limit = parse_qs(environ["QUERY_STRING"]).get("limit", ["20"])
    return 200, _list(owner(), int(limit[0]))


def _answer_one(environ: dict[str, Any], owner_id: int, task_id: int) -> dict[str, Any]:
    if environ["REQUEST_METHOD"] == "PATCH":
        return _change(owner_id, task_id, _body(environ))
    return _find(owner_id, task_id)


def _body(environ: dict[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return orjson.loads(environ["wsgi.input"].read(length))


def _caller(environ: dict[str, Any]) -> int:
    """Return the account of the token, if its session lives."""
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    said = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="taskapi", issuer="taskapi"
    )
    given = {"sid": said["sid"], "user_id": int(said["sub"])}
    user = SimpleNamespace(**SESSION.run(given)[0])
    return int(user.id)


def _serve(environ: dict[str, Any], start: Any, owner: Any) -> list[bytes]:
    status, document = _answer(environ, owner)
    body = orjson.dumps(document)
    length = ("Content-Length", str(len(body)))
    headers = [("Content-Type", "application/json"), length]
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def plain(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Answer as the account of BENCH_OWNER."""
    return _serve(environ, start, lambda: int(os.environ["BENCH_OWNER"]))


def authenticated(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Answer as the account of the token."""
    return _serve(environ, start, lambda: _caller(environ))
