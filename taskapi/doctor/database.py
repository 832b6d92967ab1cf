"""The database: reached, migrated, big enough, with the right time and somebody."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, text

from taskapi import clock, db
from taskapi.db import errors, migrations
from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.system import service
from taskapi.users.models import Role, User
from taskapi.web.settings import settings

SKEW_SECONDS = 5
CAUSE_LENGTH = 300
MIGRATE = "Run `flask db upgrade`."
SERVER = text("SELECT current_setting('server_version'), clock_timestamp()")
ROOM = text(
    """
    SELECT min(room) FROM (
        SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS room
        UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user
        UNION ALL SELECT datconnlimit FROM pg_database
        WHERE datname = current_database()
    ) AS limits WHERE room >= 0
    """
)
ADMINISTRATORS = (
    select(func.count())
    .select_from(User)
    .where(User.role == Role.ADMIN, User.is_active.is_(True))
)


def examine() -> list[Finding]:
    """Look at the database; nothing is made or changed."""
    findings: list[Finding] = []
    try:
        findings.extend(_examine())
    except errors.ERRORS as error:
        findings.append(fail("database", *_cause(error)))
    return findings


def _examine() -> Iterator[Finding]:
    url = db.database.engine.url
    if url.get_backend_name() == "sqlite":
        if not Path(str(url.database)).exists():
            yield fail("database", f"there is no {url.database}", MIGRATE)
            return
        ((version,),) = db.read(text("SELECT sqlite_version()"))
        yield ok("database", f"SQLite {version} at {url.database}")
    else:
        yield from _server()
    yield (schema := _schema())
    if schema.state == "ok":
        yield _administrators()


def _server() -> Iterator[Finding]:
    ((version, moment),) = db.read(SERVER)
    yield ok("database", f"PostgreSQL {version}")
    yield _connections()
    yield _time((moment - clock.now()).total_seconds())


def _time(apart: float) -> Finding:
    if abs(apart) > SKEW_SECONDS:
        told = f"PostgreSQL's clock is {apart:+.0f} s from this machine's"
        return warn("clock", told, "Let both follow a time server (chrony, ntpd).")
    return ok("clock", "the same here and at PostgreSQL")


def _connections() -> Finding:
    ((room,),) = db.read(ROOM)
    each = settings.threads + 1
    need = each * settings.web_concurrency
    told = f"{settings.web_concurrency} workers open up to {need} of {room}"
    if need > room:
        remedy = "Lower THREADS or WEB_CONCURRENCY, or raise max_connections."
        return fail("connections", told, remedy)
    if 2 * need > room:
        remedy = "During an upgrade old and new instances need twice as many."
        return warn("connections", told, f"{remedy} Lower THREADS.")
    return ok("connections", told)


def _schema() -> Finding:
    try:
        rows = db.read(service.REVISION)
    except errors.ERRORS:
        return fail("schema", "the database holds no tables of taskapi", MIGRATE)
    found = rows[0][0] if rows else "none"
    if found == migrations.head():
        return ok("schema", f"{found}, as this code expects")
    told = f"the database has {found}, and this code expects {migrations.head()}"
    if rows and not migrations.knows(found):
        return warn("schema", told, "Deploy the newer release that migrated it.")
    return fail("schema", told, MIGRATE)


def _administrators() -> Finding:
    ((number,),) = db.read(ADMINISTRATORS)
    if not number:
        remedy = "Run `flask users create --admin`."
        return warn("administrator", "there is none", remedy)
    return ok("administrator", f"{number} active")


def _cause(error: Exception) -> tuple[str, str]:
    """Say what the driver said, but for the password, and what to do."""
    url = db.database.engine.url
    if "@" in (url.host or ""):
        return "its address cannot be read", "Write @ in the password as %40."
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    said = said.replace(str(url.password or "\n"), "…")[:CAUSE_LENGTH]
    return f"out of reach: {said}", "Look at DATABASE_URL, and whether it runs."
