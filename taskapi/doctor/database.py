"""Checks of the database: connection, schema, capacity, clock and administrators."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import exists, func, select, text

from taskapi import clock, db
from taskapi.db import errors, migrations
from taskapi.doctor.findings import Finding, State, fail, ok, warn
from taskapi.projects.models import (
    PROJECT_NOT_DELETED,
    Project,
    ProjectRole,
    memberships,
)
from taskapi.server.command_line import flask_command
from taskapi.system import service
from taskapi.users.models import USER_NOT_DELETED, Role, User
from taskapi.web.settings import settings

MAX_SKEW_SECONDS = 5
MAX_CAUSE_LENGTH = 300
SERVER = text("SELECT current_setting('server_version'), clock_timestamp()")
MAX_CONNECTIONS = text(
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

OWNERS = exists().where(
    memberships.c.project_id == Project.id, memberships.c.role == ProjectRole.OWNER
)
PERSONAL = exists().where(
    Project.personal_user_id == User.id,
    OWNERS.where(memberships.c.user_id == User.id).correlate(Project, User),
)
WITHOUT_PERSONAL = (
    select(func.count()).select_from(User).where(USER_NOT_DELETED, ~PERSONAL)
)
WITHOUT_OWNER = (
    select(func.count())
    .select_from(Project)
    .where(Project.personal_user_id.is_(None), PROJECT_NOT_DELETED, ~OWNERS)
)


def check() -> list[Finding]:
    """Check the database without changing it."""
    findings: list[Finding] = []
    try:
        findings.extend(_check())
    except errors.ERRORS as error:
        findings.append(fail("database", *_cause(error)))
    return findings


def _check() -> Iterator[Finding]:
    url = db.database.engine.url
    if url.get_backend_name() == "sqlite":
        if not Path(str(url.database)).exists():
            yield fail("database", f"{url.database} does not exist", _migrate())
            return
        ((version,),) = db.read(text("SELECT sqlite_version()"))
        yield ok("database", f"SQLite {version} at {url.database}")
    else:
        yield from _check_server()
    schema = _check_schema()
    yield schema
    if schema.state is State.OK:
        yield _check_administrators()
        yield _check_personal_projects()
        yield _check_owners()


def _check_server() -> Iterator[Finding]:
    ((version, timestamp),) = db.read(SERVER)
    yield ok("database", f"PostgreSQL {version}")
    yield _check_connections()
    yield _check_clock((timestamp - clock.now()).total_seconds())


def _check_clock(difference: float) -> Finding:
    if abs(difference) > MAX_SKEW_SECONDS:
        message = f"the clock of PostgreSQL differs by {difference:+.0f} s"
        remedy = "Synchronize both machines with a time server (chrony, ntpd)."
        return warn("clock", message, remedy)
    return ok("clock", "the same as that of PostgreSQL")


def _check_connections() -> Finding:
    ((available,),) = db.read(MAX_CONNECTIONS)
    workers = settings.web_concurrency
    needed = (settings.threads + 1) * workers
    message = f"{workers} workers open up to {needed} of {available}"
    if needed > available:
        remedy = "Lower THREADS or WEB_CONCURRENCY, or raise max_connections."
        return fail("connections", message, remedy)
    if 2 * needed > available:
        remedy = (
            "Lower THREADS: during an upgrade old and new instances need twice as many."
        )
        return warn("connections", message, remedy)
    return ok("connections", message)


def _check_schema() -> Finding:
    try:
        rows = db.read(service.REVISION)
    except errors.ERRORS:
        return fail("schema", "the database has no tables of taskapi", _migrate())
    found = rows[0][0] if rows else "none"
    if found == migrations.head():
        return ok("schema", f"{found}, as this release expects")
    message = f"the database has {found}, but this release expects {migrations.head()}"
    if rows and not migrations.knows(found):
        return warn("schema", message, "Deploy the newer release that migrated it.")
    return fail("schema", message, _migrate())


def _migrate() -> str:
    return f"Run `{flask_command('db upgrade')}`."


def _check_administrators() -> Finding:
    ((number,),) = db.read(ADMINISTRATORS)
    if not number:
        command = flask_command("users create --admin")
        remedy = f"Run `{command}`, or set FIRST_ADMIN_EMAIL."
        return warn("administrator", "no account is an administrator", remedy)
    unused = "; FIRST_ADMIN_PASSWORD is not needed" * bool(settings.first_admin_email)
    return ok("administrator", f"{number} active{unused}")


def _check_personal_projects() -> Finding:
    ((number,),) = db.read(WITHOUT_PERSONAL)
    if number:
        message = f"{number} accounts do not own a personal project"
        remedy = "They cannot be used. Restore `projects` and `memberships`."
        return fail("personal projects", message, remedy)
    return ok("personal projects", "each account has one")


def _check_owners() -> Finding:
    ((number,),) = db.read(WITHOUT_OWNER)
    if number:
        command = flask_command("projects set-owner")
        remedy = f"Run `{command}` for each."
        return warn("owners", f"{number} shared projects have no owner", remedy)
    return ok("owners", "each shared project has one")


def _cause(error: Exception) -> tuple[str, str]:
    """Return the message of the driver without the password, and a remedy."""
    url = db.database.engine.url
    if "@" in (url.host or ""):
        return "DATABASE_URL is ambiguous", "Write @ in the password as %40."
    message = " ".join(str(getattr(error, "orig", None) or error).split())
    message = message.replace(str(url.password or "\n"), "…")[:MAX_CAUSE_LENGTH]
    remedy = "Check DATABASE_URL, and whether the server is running."
    return f"unreachable: {message}", remedy
