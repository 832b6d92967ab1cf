"""FastAPI as one writes it today: async, SQLAlchemy on asyncpg, uvicorn."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import delete, insert, literal, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers import models, schemas, security
from bench.peers.models import Task, TaskTag

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)

engine = create_async_engine(URL, pool_size=20, max_overflow=10)
make_session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI(title="Tasks")
bearer = HTTPBearer()


async def get_session() -> AsyncIterator[AsyncSession]:
    """Lend a session to the request."""
    async with make_session() as session:
        yield session


Database = Annotated[AsyncSession, Depends(get_session)]


async def get_caller(
    session: Database,
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> Any:
    """Find the user of a living session, or refuse the request."""
    try:
        claims = security.caller_of(credentials.credentials)
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The token is not good.") from error
    caller = (await session.execute(models.CALLER, claims)).one_or_none()
    if caller is None:
        raise HTTPException(401, "The session has ended.")
    return caller


Caller = Annotated[Any, Depends(get_caller)]


@app.get("/health")
async def get_health(session: Database) -> dict[str, str]:
    """Ready?"""
    await session.execute(text("SELECT 1"))
    return {"status": "ok"}


@app.get("/health/live")
async def get_live() -> dict[str, str]:
    """Alive?"""
    return {"status": "ok"}


@app.post("/api/v1/auth/login")
async def log_in(
    login: schemas.Login, request: Request, session: Database
) -> schemas.Tokens:
    """Begin a session."""
    found = await session.execute(models.ACCOUNT, {"name": login.username.casefold()})
    user = found.one_or_none()
    await session.rollback()  # nobody holds a connection while a password is hashed
    if user is None or not await run_in_threadpool(
        security.matches, login.password, user.password_hash
    ):
        raise HTTPException(401, "Wrong username or password.")
    if not user.is_active:
        raise HTTPException(403, "The account is disabled.")
    host = request.client.host if request.client else None
    values = security.session_of(user.id, host, request.headers.get("User-Agent"))
    session_id = (await session.execute(models.BEGIN_SESSION, values)).scalar_one()
    await session.commit()
    tokens = security.issue(user.id, session_id, values["refresh_id"])
    return schemas.Tokens(**tokens)


@app.get("/api/v1/tasks/{task_id}", response_model=schemas.TaskOut)
async def get_task(task_id: int, caller: Caller, session: Database) -> Any:
    """Read a task."""
    return await _find(session, caller, task_id)


@app.get("/api/v1/tasks", response_model=schemas.TaskPage)
async def list_tasks(
    caller: Caller,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> Any:
    """List tasks, the newest first."""
    statement = models.PAGE_AFTER if cursor else models.PAGE
    given = {"owner": caller.id, "most": limit + 1} | schemas.after(cursor)
    rows = await session.execute(statement, given | models.moments(caller.timezone))
    return schemas.page(rows.all(), limit)


@app.post("/api/v1/tasks", response_model=schemas.TaskOut, status_code=201)
async def create_task(task: schemas.TaskIn, caller: Caller, session: Database) -> Any:
    """Make a task."""
    shown = models.moments(caller.timezone)
    words = models.words_of(caller.id, task.title, task.description, quoted=True)
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
    made = (await session.execute(statement, values | shown)).one()
    await _attach(session, made, task.tags)
    await session.commit()
    return schemas.shown(made)


@app.patch("/api/v1/tasks/{task_id}", response_model=schemas.TaskOut)
async def update_task(
    task_id: int, change: schemas.TaskPatch, caller: Caller, session: Database
) -> Any:
    """Change a task."""
    of = {"owner": caller.id, "task_id": task_id}
    task = (await session.execute(models.HELD, of)).scalar_one_or_none()
    if task is None:
        raise HTTPException(404, "No such task.")
    await _change(session, task, change)
    found = await _find(session, caller, task_id)
    await session.commit()
    return found


async def _change(session: AsyncSession, task: Task, change: schemas.TaskPatch) -> None:
    values = schemas.changed(task, change.model_dump(exclude_unset=True))
    if "title" in values or "description" in values:
        texts = [values.get(n, getattr(task, n)) for n in ("title", "description")]
        values["words"] = models.words_of(task.owner_id, *texts, quoted=True)
    if "tags" in change.model_fields_set:
        await session.execute(delete(TaskTag).where(TaskTag.task_id == task.id))
        await _attach(session, task, change.tags)
    if values:
        raised = {"version": task.version + 1, "updated_at": datetime.now(UTC)}
        statement = update(Task.__table__).where(Task.__table__.c.id == task.id)
        await session.execute(statement.values(values | raised))


async def _attach(session: AsyncSession, task: Any, names: list[str]) -> None:
    of = {"task_id": task.id, "owner_id": task.owner_id}
    if names:
        await session.execute(
            insert(TaskTag), [of | {"key": n, "name": n} for n in names]
        )


async def _find(session: AsyncSession, caller: Any, task_id: int) -> dict[str, Any]:
    given = {"owner": caller.id, "task_id": task_id} | models.moments(caller.timezone)
    row = (await session.execute(models.ONE, given)).one_or_none()
    if row is None:
        raise HTTPException(404, "No such task.")
    return schemas.shown(row)
