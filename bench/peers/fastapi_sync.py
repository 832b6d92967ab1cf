"""FastAPI without async: plain functions in its thread pool, psycopg or sqlite3."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import create_engine, delete, event, insert, literal, text, update
from sqlalchemy.orm import Session, sessionmaker

from bench.peers import models, schemas, security
from bench.peers.models import Task, TaskTag

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
ON_SQLITE = URL.startswith("sqlite")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Keep what the product keeps."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


engine = create_engine(URL, pool_size=20, max_overflow=20)  # for 40 threads
make_session = sessionmaker(engine, expire_on_commit=False)
if ON_SQLITE:
    event.listen(engine, "connect", _prepare_sqlite)
app = FastAPI(title="Tasks")
bearer = HTTPBearer()


def get_session() -> Iterator[Session]:
    """Lend a session to the request."""
    with make_session() as session:
        yield session


Database = Annotated[Session, Depends(get_session)]


def get_caller(
    session: Database,
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> Any:
    """Find the user of a living session, or refuse the request."""
    try:
        claims = security.caller_of(credentials.credentials)
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The token is not good.") from error
    caller = (session.execute(models.CALLER, claims)).one_or_none()
    if caller is None:
        raise HTTPException(401, "The session has ended.")
    return caller


Caller = Annotated[Any, Depends(get_caller)]


@app.get("/health")
def get_health(session: Database) -> dict[str, str]:
    """Ready?"""
    session.execute(text("SELECT 1"))
    return {"status": "ok"}


@app.get("/health/live")
def get_live() -> dict[str, str]:
    """Alive?"""
    return {"status": "ok"}


@app.post("/api/v1/auth/login")
def log_in(login: schemas.Login, request: Request, session: Database) -> schemas.Tokens:
    """Begin a session."""
    found = session.execute(models.ACCOUNT, {"name": login.username.casefold()})
    user = found.one_or_none()
    session.rollback()  # nobody holds a connection while a password is hashed
    if user is None or not security.matches(login.password, user.password_hash):
        raise HTTPException(401, "Wrong username or password.")
    if not user.is_active:
        raise HTTPException(403, "The account is disabled.")
    host = request.client.host if request.client else None
    values = security.session_of(user.id, host, request.headers.get("User-Agent"))
    session_id = (session.execute(models.BEGIN_SESSION, values)).scalar_one()
    session.commit()
    tokens = security.issue(user.id, session_id, values["refresh_id"])
    return schemas.Tokens(**tokens)


@app.get("/api/v1/tasks/{task_id}", response_model=schemas.TaskOut)
def get_task(task_id: int, caller: Caller, session: Database) -> Any:
    """Read a task."""
    return _find(session, caller, task_id)


@app.get("/api/v1/tasks", response_model=schemas.TaskPage)
def list_tasks(
    caller: Caller,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> Any:
    """List tasks, the newest first."""
    statement = models.PAGE_AFTER if cursor else models.PAGE
    given = {"owner": caller.id, "most": limit + 1} | schemas.after(cursor)
    rows = session.execute(statement, given | models.moments(caller.timezone))
    return schemas.page(rows.all(), limit)


@app.post("/api/v1/tasks", response_model=schemas.TaskOut, status_code=201)
def create_task(task: schemas.TaskIn, caller: Caller, session: Database) -> Any:
    """Make a task."""
    shown = models.moments(caller.timezone)
    words = models.words_of(
        caller.id, task.title, task.description, quoted=not ON_SQLITE
    )
    values = schemas.columns(task.model_dump()) | {
        "owner_id": caller.id,
        "words": words,
        "version": 1,
        "created_at": shown["now"],
        "updated_at": shown["now"],
    }
    returned = [
        *models.STORED,
        literal(",".join(task.tags)).label("tags"),
        literal(0).label("subtask_count"),
        literal(0).label("done_count"),
        models.SHOWN[-1],
    ]
    statement = insert(Task.__table__).returning(*returned)
    made = (session.execute(statement, values | shown)).one()
    _attach(session, made, task.tags)
    session.commit()
    return schemas.shown(made)


@app.patch("/api/v1/tasks/{task_id}", response_model=schemas.TaskOut)
def update_task(
    task_id: int, change: schemas.TaskPatch, caller: Caller, session: Database
) -> Any:
    """Change a task."""
    of = {"owner": caller.id, "task_id": task_id}
    task = (session.execute(models.HELD, of)).scalar_one_or_none()
    if task is None:
        raise HTTPException(404, "No such task.")
    _change(session, task, change)
    found = _find(session, caller, task_id)
    session.commit()
    return found


def _change(session: Session, task: Task, change: schemas.TaskPatch) -> None:
    values = schemas.changed(task, change.model_dump(exclude_unset=True))
    if "title" in values or "description" in values:
        texts = [values.get(n, getattr(task, n)) for n in ("title", "description")]
        values["words"] = models.words_of(task.owner_id, *texts, quoted=not ON_SQLITE)
    if "tags" in change.model_fields_set:
        session.execute(delete(TaskTag).where(TaskTag.task_id == task.id))
        _attach(session, task, change.tags)
    if values:
        raised = {"version": task.version + 1, "updated_at": datetime.now(UTC)}
        statement = update(Task.__table__).where(Task.__table__.c.id == task.id)
        session.execute(statement.values(values | raised))


def _attach(session: Session, task: Any, names: list[str]) -> None:
    of = {"task_id": task.id, "owner_id": task.owner_id}
    if names:
        session.execute(insert(TaskTag), [of | {"key": n, "name": n} for n in names])


def _find(session: Session, caller: Any, task_id: int) -> dict[str, Any]:
    given = {"owner": caller.id, "task_id": task_id} | models.moments(caller.timezone)
    row = (session.execute(models.ONE, given)).one_or_none()
    if row is None:
        raise HTTPException(404, "No such task.")
    return schemas.shown(row)
