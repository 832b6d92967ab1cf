"""Create all tables

Revision: 8d60e0743d7f
Follows:
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "8d60e0743d7f"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
NOT_DELETED = sa.text("deleted_at IS NULL")
DELETED = sa.text("deleted_at IS NOT NULL")

# A migration that rebuilds `tasks` on SQLite (batch mode) drops the triggers and must
# create them again.
REMOVE = (
    "INSERT INTO task_terms(task_terms, rowid, terms) "
    "VALUES('delete', old.id, old.terms);"
)
ADD = "INSERT INTO task_terms(rowid, terms) VALUES(new.id, new.terms);"
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE task_terms USING fts5("
    "terms, content='tasks', content_rowid='id', "
    "tokenize=\"ascii tokenchars '@'\", detail=none)",
    f"CREATE TRIGGER task_terms_insert AFTER INSERT ON tasks BEGIN {ADD} END",
    f"CREATE TRIGGER task_terms_delete AFTER DELETE ON tasks BEGIN {REMOVE} END",
    "CREATE TRIGGER task_terms_update AFTER UPDATE OF terms ON tasks "
    f"BEGIN {REMOVE} {ADD} END",
)

SQLITE_COUNT = (
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks BEGIN UPDATE users "
    "SET task_count = task_count + 1 WHERE id = new.owner_id; END",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks BEGIN UPDATE users "
    "SET task_count = task_count - 1 WHERE id = old.owner_id; END",
)
POSTGRESQL_COUNT = (
    "CREATE FUNCTION count_tasks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE users SET task_count = task_count "
    "+ CASE TG_OP WHEN 'INSERT' THEN changes.number ELSE -changes.number END "
    "FROM (SELECT owner_id, count(*) AS number FROM changed GROUP BY owner_id) "
    "AS changes WHERE users.id = changes.owner_id; RETURN NULL; END $$",
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks REFERENCING NEW TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks REFERENCING OLD TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
)


def upgrade() -> None:
    _create_users()
    _create_credentials()
    _create_mail()
    _create_tasks()
    _create_task_indexes()
    _create_search_index()
    _create_count()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("task_terms")
    for name in (
        "task_tags",
        "tasks",
        "stored_responses",
        "email_tokens",
        "outgoing_emails",
        "login_attempts",
        "api_keys",
        "sessions",
        "users",
    ):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION count_tasks()")


def _create_users() -> None:
    _create_table(
        "users",
        sa.Column("email", sa.String(254)),
        sa.Column("username", sa.String(50)),
        sa.Column("password_hash", sa.String(60), nullable=False),
        sa.Column("full_name", sa.String(100)),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("role", _enum("role", "user", "admin"), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", TIME),
        sa.Column("task_count", ID, server_default="0", nullable=False),
        sa.Column("stored_bytes", ID, server_default="0", nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.CheckConstraint(
            "email IS NOT NULL OR username IS NOT NULL", name=op.f("ck_users_has_name")
        ),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    _create_index("users", "deleted_at", where=DELETED)


def _create_credentials() -> None:
    _create_table(
        "sessions",
        *_reference("sessions", "user_id"),
        sa.Column("sid", sa.String(36), nullable=False),
        sa.Column("refresh_id", sa.String(36), nullable=False),
        sa.Column("previous_refresh_id", sa.String(36)),
        sa.Column("rotated_at", TIME),
        sa.Column("repeated_at", TIME),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(300)),
        sa.UniqueConstraint("sid", name=op.f("uq_sessions_sid")),
    )
    _create_index("sessions", "user_id")
    _create_table(
        "api_keys",
        *_reference("api_keys", "user_id"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(8), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    _create_index("api_keys", "user_id")
    _create_table(
        "login_attempts",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.UniqueConstraint("subject", name=op.f("uq_login_attempts_subject")),
    )
    _create_table(
        "stored_responses",
        *_reference("stored_responses", "user_id"),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("expires_at", TIME, nullable=False),
        sa.UniqueConstraint(
            "user_id", "subject", name=op.f("uq_stored_responses_user_id_subject")
        ),
    )
    _create_index("stored_responses", "expires_at")


def _create_mail() -> None:
    kind = _enum("kind", "reset", "verification", "email-changed")
    _create_table(
        "outgoing_emails",
        sa.Column("kind", kind, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("attempts", ID, nullable=False),
        sa.Column("send_after", TIME, nullable=False),
    )
    _create_index("outgoing_emails", "send_after")
    _create_table(
        "email_tokens",
        *_reference("email_tokens", "user_id"),
        sa.Column("kind", kind, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("binding", sa.String(64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.UniqueConstraint("token_hash", name=op.f("uq_email_tokens_token_hash")),
        sa.UniqueConstraint(
            "user_id", "kind", name=op.f("uq_email_tokens_user_id_kind")
        ),
    )


def _create_tasks() -> None:
    status = _enum("taskstatus", "todo", "in_progress", "completed", "cancelled")
    _create_table(
        "tasks",
        *_reference("tasks", "owner_id"),
        *_reference("tasks", "parent_id", "tasks", nullable=True),
        sa.Column("external_id", sa.String(200)),
        sa.Column("title", _exact(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("terms", _terms(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("due_is_day", sa.Boolean(), nullable=False),
        sa.Column("completed_at", TIME),
        sa.Column("deleted_at", TIME),
        sa.Column("version", ID, nullable=False),
        sa.CheckConstraint("priority BETWEEN 1 AND 4", name=op.f("ck_tasks_priority")),
    )
    op.create_table(
        "task_tags",
        *_reference("task_tags", "task_id", "tasks"),
        sa.Column("key", _exact(900), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        *_reference("task_tags", "owner_id"),
        sa.PrimaryKeyConstraint("task_id", "key", name=op.f("pk_task_tags")),
    )
    _create_index("task_tags", "owner_id", "key", "task_id")


def _create_task_indexes() -> None:
    for name in ("created_at", "updated_at", "completed_at", "priority", "title"):
        _create_index("tasks", "owner_id", name, "id", where=NOT_DELETED)
    _create_index("tasks", "owner_id", "due_is_day", "due_at", "id", where=NOT_DELETED)
    _create_index("tasks", "owner_id", "status", "created_at", "id", where=NOT_DELETED)
    op.create_index(
        "uq_tasks_external_id",
        "tasks",
        ["owner_id", "external_id"],
        unique=True,
        sqlite_where=NOT_DELETED,
        postgresql_where=NOT_DELETED,
    )
    _create_index("tasks", "owner_id", "deleted_at", where=DELETED)
    _create_index("tasks", "deleted_at", where=DELETED)
    _create_index("tasks", "owner_id", "id")
    _create_index("tasks", "parent_id", where=sa.text("parent_id IS NOT NULL"))


def _create_search_index() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE_INDEX:
            op.execute(statement)
    else:
        op.create_index("ix_tasks_terms", "tasks", ["terms"], postgresql_using="gin")


def _create_count() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_COUNT if on_sqlite else POSTGRESQL_COUNT:
        op.execute(statement)


def _create_table(name: str, *parts: Any) -> None:
    """Create a table with an id that is never reused, and the times of its rows."""
    op.create_table(
        name,
        sa.Column("id", ID, nullable=False),
        *parts,
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sqlite_autoincrement=True,
    )


def _reference(
    table: str, column: str, target: str = "users", *, nullable: bool = False
) -> tuple[Any, Any]:
    """Return a column and its foreign key; its rows are deleted with the target."""
    key = sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete="CASCADE",
    )
    return sa.Column(column, ID, nullable=nullable), key


def _create_index(table: str, *columns: str, where: Any = None) -> None:
    op.create_index(
        op.f(f"ix_{table}_{'_'.join(columns)}"),
        table,
        list(columns),
        sqlite_where=where,
        postgresql_where=where,
    )


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(
        *values, name=name, native_enum=False, create_constraint=True, length=20
    )


def _exact(length: int) -> Any:
    """Return the type of a text that sorts by code points."""
    collated = sa.String(length, collation="C")
    return sa.String(length).with_variant(collated, "postgresql")


def _terms() -> Any:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    return sa.Text() if on_sqlite else sa.dialects.postgresql.TSVECTOR()
