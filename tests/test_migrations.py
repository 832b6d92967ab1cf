"""Migrations: schema, kept rows, concurrent runs."""

import ast
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import TextClause, inspect

from taskapi import db
from taskapi.db import migrations
from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.databases import NewDatabase, new_databases
from tests.helpers.forked import run_flask
from tests.helpers.sql import counts, execute
from tests.operations.commands import database_kind

ROOT = Path(__file__).parents[1]
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
VERSION = '''"""Try something"""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = {head!r}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''
RENAME = 'with op.batch_alter_table("users", recreate="always") as users:\n        '
ADD = RENAME + 'users.add_column(sa.Column("nickname", sa.String(20)))'
DROP = RENAME + 'users.drop_column("nickname")'
SLOW = 'op.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")'
EXPAND = """op.add_column("users", sa.Column("nickname", sa.String(20)))
    op.add_column("tasks", sa.Column("migration_probe", sa.Integer, server_default="1"))
    op.create_table("migration_probe", sa.Column("id", sa.Integer, primary_key=True))"""
DELETE_USERS = 'op.execute("DELETE FROM users")'
FTS5_TABLES = ("task_terms_data", "task_terms_idx", "task_terms_docsize")
INTERNAL = ("sqlite_", "alembic_", "task_terms_config", *FTS5_TABLES)
TRIGGERS = """SELECT name, sql FROM sqlite_master WHERE type = 'trigger'
    AND name LIKE 'task_terms%' ORDER BY name"""
RECORD_TIMEOUT = """op.execute(
        "CREATE TABLE observed AS SELECT current_setting('lock_timeout') AS value"
    )"""


@pytest.fixture
def new_database(
    make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[NewDatabase]:
    """Return a function that creates apps, each on its own empty database."""
    with new_databases(tmp_path, make_app) as make:
        yield make


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, new_database: NewDatabase) -> Flask:
    """Return an app on an empty database of each kind."""
    return new_database(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the migrations that a test may change."""
    copy = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", copy)
    return copy


def flask(app: Flask, *arguments: str) -> str:
    """Run a command that must succeed and return its output."""
    result = app.test_cli_runner().invoke(args=list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def add_version(folder: Path, up: str, down: str = "pass") -> None:
    """Add a migration after the last one."""
    head = ScriptDirectory(str(folder)).get_current_head()
    written = VERSION.format(head=head, up=up, down=down)
    (folder / "versions" / "next.py").write_text(written)


def test_revisions_of_the_code_are_known() -> None:
    known = ScriptDirectory(str(ROOT / "migrations"))

    assert migrations.head() == known.get_current_head()
    assert all(migrations.knows(one.revision) for one in known.walk_revisions())
    assert not migrations.knows("0123456789ab")


def schema(app: Flask) -> dict[str, Any]:
    """Describe the tables of a database, in a comparable form."""
    with app.app_context():
        inspector = inspect(db.database.engine)
    tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return {
        f"{table} {part.__name__}": sorted(map(plain, listed(part(table))))
        for table in tables
        if not table.startswith("task_terms")
        for part in (
            inspector.get_columns,
            inspector.get_pk_constraint,
            inspector.get_foreign_keys,
            inspector.get_unique_constraints,
            inspector.get_check_constraints,
            inspector.get_indexes,
        )
    } | sqlite_only(app)


def sqlite_only(app: Flask) -> dict[str, Any]:
    """Describe what the inspector does not report: AUTOINCREMENT, FTS5, triggers."""
    if database_kind(app) != "sqlite":
        return {}
    rows = execute(app, "SELECT type, name, sql FROM sqlite_master WHERE sql > ''")
    return {
        f"{name} {kind}": plain_sql(sql) if kind == "trigger" else ids(sql)
        for kind, name, sql in rows
        if kind in {"table", "trigger"} and not name.startswith(INTERNAL)
    }


def plain_sql(sql: str) -> str:
    return " ".join(sql.split())


def ids(sql: str) -> str:
    if sql.startswith("CREATE VIRTUAL"):
        return plain_sql(sql)
    return "never reused" if "AUTOINCREMENT" in sql else "reused"


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def plain(part: dict[str, Any]) -> str:
    """Return a column or constraint as text, types with their collation."""
    described = {name: legible(value) for name, value in part.items()}
    return " ".join(str(sorted(described.items())).split())


def legible(value: Any) -> str:
    """Return options as text, such as the condition of an index."""
    if isinstance(value, dict):
        return str({name: legible(inner) for name, inner in sorted(value.items())})
    return str(value) if isinstance(value, TextClause) else repr(value)


def populate(app: Flask) -> Client:
    """Register Ann, log in and create a task, over HTTP."""
    ann = Client(app, "ann").register().log_in()
    ann.create_task()
    return ann


def shorten_lock_timeout(folder: Path) -> None:
    """Shorten the lock timeout of migrations."""
    script = folder / "env.py"
    script.write_text(script.read_text().replace('"5s"', '"50ms"'))


def test_empty_database_is_upgraded_and_downgraded(empty: Flask) -> None:
    flask(empty, "db", "upgrade")
    populate(empty)
    flask(empty, "db", "downgrade", "base")
    flask(empty, "db", "upgrade")

    populate(empty)

    assert counts(empty) == {"users": 1, "sessions": 1, "tasks": 1}
    assert Client(empty).get("/health").status_code == 200


def test_downgrade_to_base_removes_everything(empty: Flask) -> None:
    flask(empty, "db", "upgrade")

    flask(empty, "db", "downgrade", "base")

    assert schema(empty) == {}


def test_upgrade_of_a_current_database_keeps_every_row(empty: Flask) -> None:
    flask(empty, "db", "upgrade")
    populate(empty)

    flask(empty, "db", "upgrade")

    assert counts(empty) == {"users": 1, "sessions": 1, "tasks": 1}


def test_autogenerate_finds_no_difference(empty: Flask) -> None:
    flask(empty, "db", "upgrade")

    compared = empty.test_cli_runner().invoke(args=["db", "check"])

    assert compared.exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_migrated_schema_equals_the_models(
    new_database: NewDatabase, kind: str
) -> None:
    migrated, modelled = new_database(kind), new_database(kind)
    with modelled.app_context():
        db.Model.metadata.create_all(db.database.engine)

    flask(migrated, "db", "upgrade")
    up = schema(migrated)
    flask(migrated, "db", "downgrade", "base")
    flask(migrated, "db", "upgrade")

    assert "ix_tasks_terms" in str(up) or kind == "sqlite"
    assert up == schema(modelled)
    assert schema(migrated) == up


def test_concurrent_upgrades_run_once(empty: Flask) -> None:
    with empty.app_context():
        url = db.database.engine.url.render_as_string(hide_password=False)
    settings = {"DATABASE_URL": url, "SECRET_KEY": secrets.token_urlsafe(48)}
    variables = {"LOG_LEVEL": "WARNING"} | settings
    upgrade = partial(run_flask, "db", "upgrade", variables=variables)

    results = run_concurrently(upgrade, upgrade)

    assert [result.returncode for result in results] == [0, 0], results
    assert Client(empty).get("/health").status_code == 200


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_database_of_a_newer_release_is_reported(
    empty: Flask, folder: Path, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    add_version(folder, "pass")
    flask(empty, "db", "upgrade", "-d", str(folder))

    result = empty.test_cli_runner().invoke(args=["db", command])

    assert result.exit_code == 1
    assert "migrated by a newer release: it has the revision next" in caplog.text


def test_rebuilding_a_table_on_sqlite_keeps_the_rows_of_others(
    new_database: NewDatabase, folder: Path
) -> None:
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    ann = populate(app)
    add_version(folder, ADD, DROP)

    flask(app, "db", "upgrade", "-d", str(folder))
    flask(app, "db", "downgrade", "-d", str(folder))

    assert counts(app) == {"users": 1, "sessions": 1, "tasks": 1}
    assert ann.get("tasks").json["items"][0]["owner_id"] == ann.user["id"]
    assert execute(app, "PRAGMA foreign_keys") == [(1,)]


def test_added_column_keeps_the_search_triggers_on_sqlite(
    new_database: NewDatabase, folder: Path
) -> None:
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    triggers = execute(app, TRIGGERS)
    add_version(
        folder,
        'op.add_column("tasks", sa.Column("migration_probe", sa.Integer()))',
        'op.drop_column("tasks", "migration_probe")',
    )

    flask(app, "db", "upgrade", "-d", str(folder))
    upgraded = execute(app, TRIGGERS)
    flask(app, "db", "downgrade", "-d", str(folder))

    assert triggers
    assert upgraded == triggers
    assert execute(app, TRIGGERS) == triggers


def test_generated_migration_alters_tables_in_place(
    new_database: NewDatabase, folder: Path
) -> None:
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    execute(app, "ALTER TABLE tasks ADD COLUMN migration_probe INTEGER")

    flask(app, "db", "migrate", "-d", str(folder), "-m", "probe")

    (written,) = (folder / "versions").glob("*probe.py")
    assert "op.drop_column" in written.read_text()
    assert "batch_alter_table" not in written.read_text()


def test_migration_that_breaks_foreign_keys_on_sqlite_is_rolled_back(
    new_database: NewDatabase, folder: Path
) -> None:
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    populate(app)
    add_version(folder, DELETE_USERS)
    command = ["db", "upgrade", "-d", str(folder)]

    result = app.test_cli_runner().invoke(args=command)

    assert result.exit_code == 1
    assert counts(app) == {"users": 1, "sessions": 1, "tasks": 1}
    assert Client(app).get("/health").status_code == 200


def test_migration_has_a_lock_timeout(new_database: NewDatabase, folder: Path) -> None:
    app = new_database("postgresql")
    flask(app, "db", "upgrade")
    add_version(folder, RECORD_TIMEOUT)

    flask(app, "db", "upgrade", "-d", str(folder))

    assert execute(app, "SELECT value FROM observed") == [("5s",)]


def test_migration_that_times_out_can_be_repeated(
    new_database: NewDatabase, folder: Path
) -> None:
    app = new_database("postgresql")
    flask(app, "db", "upgrade")
    add_version(folder, f"{EXPAND}\n    {SLOW}")
    shorten_lock_timeout(folder)
    command = ["db", "upgrade", "-d", str(folder)]

    with app.app_context(), db.database.engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("LOCK TABLE tasks IN ACCESS SHARE MODE")
        result = app.test_cli_runner().invoke(args=command)
        other.exec_driver_sql("ROLLBACK")

    assert "lock timeout" in str(result.exception)
    assert "nickname" not in str(schema(app))
    flask(app, *command)
    assert "nickname" in str(schema(app))


def test_previous_release_serves_on_an_expanded_schema(
    empty: Flask, folder: Path
) -> None:
    flask(empty, "db", "upgrade")
    ann = populate(empty)
    add_version(folder, EXPAND)

    flask(empty, "db", "upgrade", "-d", str(folder))

    health = ann.get("/health")
    assert (health.status_code, health.json["checks"]["migrations"]) == (200, "ahead")
    assert Client(empty, "bob").register().log_in().create_task()
    assert ann.patch("users/me", {"timezone": "Asia/Tokyo"}).status_code == 200


def test_generated_migration_contains_only_plain_types(
    empty: Flask, folder: Path
) -> None:
    shutil.rmtree(folder / "versions")
    (folder / "versions").mkdir()

    flask(empty, "db", "migrate", "-d", str(folder), "-m", "begin")
    flask(empty, "db", "upgrade", "-d", str(folder))

    (written,) = (folder / "versions").glob("*.py")
    assert "taskapi" not in written.read_text()
    assert populate(empty).get("tasks").status_code == 200


@pytest.mark.parametrize("path", VERSIONS, ids=[path.stem for path in VERSIONS])
def test_migrations_import_no_application_code(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))

    plain = {
        a.name for node in nodes if isinstance(node, ast.Import) for a in node.names
    }
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}

    assert not {
        name for name in plain | parts if name.startswith(("taskapi", "config"))
    }
    assert {"sqlalchemy", "alembic"} <= plain | parts
