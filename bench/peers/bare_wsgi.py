"""Bare WSGI peer: the limit for a Python stack on gunicorn.

The app decodes the token, looks up the session, runs the SQL of taskapi and serializes
with orjson. It has no validation, rate limits, headers or logs.
"""

import os
import re
import sqlite3
import threading
from datetime import UTC, datetime, time
from functools import cache
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
from taskapi.projects import access
from taskapi.tasks import listing, queries, writes
from taskapi.tasks.models import TaskPriority, TaskStatus
from taskapi.tasks.sorting import parse_sort

SECRET_KEY = os.environ["SECRET_KEY"]
DATABASE_URL = os.environ["DATABASE_URL"]
ON_SQLITE = DATABASE_URL.startswith("sqlite")
DIALECT: Any = sqlite.dialect(paramstyle="named") if ON_SQLITE else postgresql.dialect()
TASK_PATH = re.compile("/api/v1/tasks/([0-9]+)")
PRIORITIES = list(TaskPriority)
INTERNAL_COLUMNS = {"position", "done_count", "due_at", "due_is_day"}
TIMESTAMPS = ("completed_at", "deleted_at", "created_at", "updated_at")
UNLIMITED = {"max_tasks": 1_000_000_000}
UPDATE = "UPDATE tasks SET {} WHERE id = {} AND project_id = {} AND deleted_at IS NULL"

local = threading.local()


class Query:
    """The SQL text of a statement of taskapi, and the parameters that it sets."""

    def __init__(self, statement: Any) -> None:
        compiled = statement.statement.compile(
            dialect=DIALECT, column_keys=statement.columns
        )
        self.text = str(compiled)
        binds = compiled.binds.items()
        self.fixed = {n: _stored(b) for n, b in binds if b.value is not None}

    def run(self, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        cursor = _connection().execute(self.text, self.fixed | parameters)
        rows: list[dict[str, Any]] = cursor.fetchall()
        return rows


def _stored(parameter: Any) -> Any:
    """Return the value of a parameter as the driver expects it."""
    convert = parameter.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    return _plain(convert(parameter.value) if convert else parameter.value)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, TaskStatus) else value


def _connection() -> Any:
    if not hasattr(local, "connection"):
        local.connection = _connect()
    return local.connection


def _connect() -> Any:
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
SORT = parse_sort("-created_at")
ONE_PROJECT = frozenset({"one_project"})
SHAPE = listing.Shape(DIALECT.name, ONE_PROJECT, SORT)
INSERT = Query(queries.INSERT)
SESSION = Query(CALLER)


@cache
def _page(limit: int) -> Query:
    return Query(listing.page(SHAPE, limit).statement)


def _to_database(value: Any) -> Any:
    is_text = ON_SQLITE and isinstance(value, datetime)
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if is_text else value


def _to_json(timestamp: Any) -> str | None:
    if timestamp is None:
        return None
    if ON_SQLITE:
        timestamp = datetime.fromisoformat(timestamp).replace(tzinfo=UTC)
    return str(timestamp.astimezone(UTC).isoformat()[:-6] + "Z")


def _task(row: dict[str, Any]) -> dict[str, Any]:
    """Return all fields of a task from a row."""
    task = {name: value for name, value in row.items() if name not in INTERNAL_COLUMNS}
    due, done, subtasks = (row[n] for n in ("due_at", "done_count", "subtask_count"))
    due = _to_json(due)
    task["due_date"] = due[:10] if due and row["due_is_day"] else due
    task["priority"] = PRIORITIES[row["priority"] - 1]
    task["tags"] = sorted(filter(None, (row["tags"] or "").split(",")))
    task["is_overdue"] = bool(row["is_overdue"])
    is_completed = row["status"] == "completed"
    task["progress"] = done / subtasks if subtasks else float(is_completed)
    for name in TIMESTAMPS:
        task[name] = _to_json(row[name])
    return task


def _common_parameters(caller: Any) -> dict[str, Any]:
    now = clock.now()
    today = datetime.combine(now.date(), time(), UTC)
    times = {"now": _to_database(now), "today": _to_database(today)}
    credentials = {
        "caller_id": caller.id,
        "caller_session_id": caller.session_id,
        "caller_key_id": None,
    }
    return access.scope(caller, caller.project_id) | credentials | times


def get_task(caller: Any, task_id: int) -> dict[str, Any]:
    """Return a task."""
    return _task(ONE.run(_common_parameters(caller) | {"task_id": task_id})[0])


def list_tasks(caller: Any, limit: int) -> dict[str, Any]:
    """Return the newest tasks."""
    rows = _page(limit + 1).run(_common_parameters(caller))
    return {"items": [_task(row) for row in rows[:limit]], "total": None}


def create_task(caller: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Insert a task and return it."""
    columns = writes.new_row(caller.id, caller.project_id, fields, clock.now())
    columns["priority"] = PRIORITIES.index(columns["priority"]) + 1
    given = {name: _plain(_to_database(value)) for name, value in columns.items()}
    parameters = _common_parameters(caller) | given | {"joined": ""} | UNLIMITED
    parameters |= {"project": caller.project_id, "assignee": None}
    return _task(INSERT.run(parameters)[0])


def update_task(caller: Any, task_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Set columns of a task and return it."""
    mark = "?" if ON_SQLITE else "%s"
    columns = {**fields, "updated_at": _to_database(clock.now())}
    sets = [f"{name} = {mark}" for name in columns] + ["version = version + 1"]
    text = UPDATE.format(", ".join(sets), mark, mark)
    _connection().execute(text, [*columns.values(), task_id, caller.project_id])
    return get_task(caller, task_id)


def _respond(environ: dict[str, Any]) -> tuple[int, Any]:
    if environ["PATH_INFO"] == "/health":
        return 200, {"status": "ok"}
    caller = _authenticate(environ)
    if match := TASK_PATH.fullmatch(environ["PATH_INFO"]):
        return 200, _respond_with_task(environ, caller, int(match[1]))
    if environ["REQUEST_METHOD"] == "POST":
        return 201, create_task(caller, _body(environ))
    limit = parse_qs(environ["QUERY_STRING"]).get("limit", ["20"])
    return 200, list_tasks(caller, int(limit[0]))


def _respond_with_task(
    environ: dict[str, Any], caller: Any, task_id: int
) -> dict[str, Any]:
    if environ["REQUEST_METHOD"] == "PATCH":
        return update_task(caller, task_id, _body(environ))
    return get_task(caller, task_id)


def _body(environ: dict[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return orjson.loads(environ["wsgi.input"].read(length))


def _authenticate(environ: dict[str, Any]) -> Any:
    """Return the ids of the user and of the active session of the token."""
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    claims = jwt.decode(
        token, SECRET_KEY, algorithms=["HS256"], audience="taskapi", issuer="taskapi"
    )
    ids = {"sid": claims["sid"], "user_id": int(claims["sub"])}
    (user,) = SESSION.run(ids)
    project_id = user["personal_project_id"]
    return SimpleNamespace(
        id=user["id"], session_id=user["session_id"], project_id=project_id
    )


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Respond to a request."""
    status, document = _respond(environ)
    body = orjson.dumps(document)
    length = ("Content-Length", str(len(body)))
    headers = [("Content-Type", "application/json"), length]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
