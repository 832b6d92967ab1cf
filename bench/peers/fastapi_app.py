"""FastAPI peer: async handlers, SQLAlchemy on asyncpg, tokens of PyJWT."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import bcrypt
import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, literal, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.data import SEARCH_COLUMN
from bench.peers import fastapi_models as models
from bench.peers.fastapi_models import Session, Task, TaskIn, TaskPatch, TaskTag

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
SECRET_KEY = os.environ["SECRET_KEY"]
KEY_ID = hashlib.sha256(b"kid:" + SECRET_KEY.encode()).hexdigest()[:8]
CLAIMS = ["iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"]
ACCESS_LIFETIME, REFRESH_LIFETIME = timedelta(minutes=30), timedelta(days=7)

engine = create_async_engine(URL, pool_size=20, max_overflow=10)
make_session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI(title="Tasks")
bearer = HTTPBearer()


class Login(BaseModel):
    """Credentials."""

    username: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Tokens(BaseModel):
    """The tokens of a session."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of RFC 6750
    expires_in: int


async def get_session() -> AsyncIterator[AsyncSession]:
    """Provide the database session of a request."""
    async with make_session() as session:
        yield session


Database = Annotated[AsyncSession, Depends(get_session)]


async def get_caller(
    session: Database,
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> Any:
    """Return the user of an active session, or raise 401."""
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET_KEY,
            algorithms=["HS256"],
            audience="taskapi",
            issuer="taskapi",
            leeway=10,
            options={"require": CLAIMS},
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "The token is invalid.") from error
    if claims["type"] != "access":
        raise HTTPException(401, "The token is not an access token.")
    ids = {"sid": claims["sid"], "user_id": int(claims["sub"])}
    caller = (await session.execute(models.CALLER, ids)).one_or_none()
    if caller is None:
        raise HTTPException(401, "The session has ended.")
    return caller


Caller = Annotated[Any, Depends(get_caller)]


@app.get("/health")
async def get_health(session: Database) -> dict[str, str]:
    """Check readiness"""
    await session.execute(text("SELECT 1"))
    return {"status": "ok"}


@app.get("/health/live")
async def get_liveness() -> dict[str, str]:
    """Check liveness"""
    return {"status": "ok"}


@app.post("/api/v1/auth/login")
async def log_in(login: Login, request: Request, session: Database) -> Tokens:
    """Log in"""
    found = await session.execute(models.ACCOUNT, {"name": login.username.casefold()})
    user = found.one_or_none()
    await session.rollback()  # releases the connection while the password is hashed
    if user is None or not await run_in_threadpool(
        _check_password, login.password, user.password_hash
    ):
        raise HTTPException(401, "The username or password is wrong.")
    if not user.is_active:
        raise HTTPException(403, "The account is deactivated.")
    sid, refresh_id = str(uuid.uuid4()), str(uuid.uuid4())
    values = _session_columns(request) | {"sid": sid, "refresh_id": refresh_id}
    await session.execute(insert(Session).values(user_id=user.id, **values))
    await session.commit()
    return _tokens(user.id, sid, refresh_id)


@app.get("/api/v1/tasks/{task_id}", response_model=models.TaskOut)
async def get_task(task_id: int, caller: Caller, session: Database) -> Any:
    """Read a task"""
    return await _find(session, caller, task_id)


@app.get("/api/v1/tasks", response_model=models.TaskPage)
async def list_tasks(
    caller: Caller,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> Any:
    """List tasks, newest first"""
    statement = models.PAGE_AFTER if cursor else models.PAGE
    parameters = {"project": caller.project_id, "limit": limit + 1}
    parameters |= models.cursor_parameters(cursor)
    parameters |= models.current_time(caller.timezone)
    rows = await session.execute(statement, parameters)
    return models.page_fields(rows.all(), limit)


@app.post("/api/v1/tasks", response_model=models.TaskOut, status_code=201)
async def create_task(task: TaskIn, caller: Caller, session: Database) -> Any:
    """Create a task"""
    time = models.current_time(caller.timezone)
    terms = models.search_terms(caller.project_id, task.title, task.description)
    values = {
        "project_id": caller.project_id,
        "owner_id": caller.id,
        SEARCH_COLUMN: terms,
        "version": 1,
        "created_at": time["now"],
        "updated_at": time["now"],
    }
    statement = insert(Task.__table__).returning(
        *models.STORED_COLUMNS,
        literal(",".join(task.tags)).label("tags"),
        literal(0).label("subtask_count"),
        literal(0).label("done_count"),
        models.IS_OVERDUE,
    )
    parameters = task.columns() | values | time
    row = (await session.execute(statement, parameters)).one()
    await _insert_tags(session, row, task.tags)
    await session.commit()
    return models.task_fields(row)


@app.patch("/api/v1/tasks/{task_id}", response_model=models.TaskOut)
async def update_task(
    task_id: int, change: TaskPatch, caller: Caller, session: Database
) -> Any:
    """Update a task"""
    parameters = {"project": caller.project_id, "task_id": task_id}
    task = (await session.execute(models.LOCKED, parameters)).scalar_one_or_none()
    if task is None:
        raise HTTPException(404, "The task was not found.")
    await _update(session, task, change)
    fields = await _find(session, caller, task_id)
    await session.commit()
    return fields


async def _update(session: AsyncSession, task: Task, change: TaskPatch) -> None:
    values = change.columns()
    if task.completed_at and values.get("completed_at"):
        values["completed_at"] = task.completed_at
    values = {n: value for n, value in values.items() if getattr(task, n) != value}
    if "title" in values or "description" in values:
        texts = [values.get(n, getattr(task, n)) for n in ("title", "description")]
        values[SEARCH_COLUMN] = models.search_terms(task.project_id, *texts)
    if "tags" in change.model_fields_set:
        await session.execute(delete(TaskTag).where(TaskTag.task_id == task.id))
        await _insert_tags(session, task, change.tags)
    if values:
        values |= {"version": task.version + 1, "updated_at": datetime.now(UTC)}
        statement = update(Task.__table__).where(Task.__table__.c.id == task.id)
        await session.execute(statement.values(values))


async def _insert_tags(session: AsyncSession, task: Any, names: list[str]) -> None:
    ids = {"task_id": task.id, "project_id": task.project_id}
    if names:
        rows = [ids | {"key": name, "name": name} for name in names]
        await session.execute(insert(TaskTag), rows)


async def _find(session: AsyncSession, caller: Any, task_id: int) -> dict[str, Any]:
    parameters = {"project": caller.project_id, "task_id": task_id}
    parameters |= models.current_time(caller.timezone)
    row = (await session.execute(models.ONE, parameters)).one_or_none()
    if row is None:
        raise HTTPException(404, "The task was not found.")
    return models.task_fields(row)


def _check_password(password: str, stored: str) -> bool:
    """Compare a password with a hash in the format of taskapi (Flask-Bcrypt)."""
    digest = hashlib.sha256(password.encode()).hexdigest().encode()
    return bcrypt.checkpw(digest, stored.encode())


def _session_columns(request: Request) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "expires_at": now + REFRESH_LIFETIME,
        "last_used_at": now,
        "created_at": now,
        "updated_at": now,
        "ip": request.client.host if request.client else None,
        "user_agent": request.headers.get("User-Agent"),
    }


def _tokens(user_id: int, sid: str, refresh_id: str) -> Tokens:
    claims = {"sub": str(user_id), "sid": sid}
    access = claims | {"type": "access", "jti": str(uuid.uuid4())}
    refresh = claims | {"type": "refresh", "jti": refresh_id}
    return Tokens(
        access_token=_sign(access, ACCESS_LIFETIME),
        refresh_token=_sign(refresh, REFRESH_LIFETIME),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
    )


def _sign(claims: dict[str, Any], lifetime: timedelta) -> str:
    now = datetime.now(UTC)
    common = {"iss": "taskapi", "aud": "taskapi", "iat": now, "exp": now + lifetime}
    return jwt.encode(common | claims, SECRET_KEY, "HS256", headers={"kid": KEY_ID})
