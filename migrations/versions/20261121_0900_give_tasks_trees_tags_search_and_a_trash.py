"""Give tasks trees, tags, search and a trash

Revision: 5b1f0c7d92ae
Follows: 02f944b9ee56
"""

import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "5b1f0c7d92ae"
down_revision = "02f944b9ee56"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
PRIORITIES = ["low", "medium", "high", "urgent"]
LIVE = sa.text("deleted_at IS NULL")
GONE = sa.text("deleted_at IS NOT NULL")
BELOW = sa.text("parent_id IS NOT NULL")
DONE = sa.text("completed_at IS NOT NULL")
SORTED = ["created_at", "updated_at", "due_at", "priority", "title"]
BATCH = 1000
KEPT = {"sqlite_autoincrement": True}
FTS = """CREATE VIRTUAL TABLE task_words USING fts5(
    words, content='tasks', content_rowid='id',
    tokenize="ascii tokenchars '@'", detail=none
)"""
FORGET = (
    "INSERT INTO task_words(task_words, rowid, words) "
    "VALUES('delete', old.id, old.words);"
)
KEEP = "INSERT INTO task_words(rowid, words) VALUES(new.id, new.words);"
TRIGGERS = {
    "task_words_insert": f"AFTER INSERT ON tasks BEGIN {KEEP} END",
    "task_words_delete": f"AFTER DELETE ON tasks BEGIN {FORGET} END",
    "task_words_update": f"AFTER UPDATE OF words ON tasks BEGIN {FORGET} {KEEP} END",
}


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    exact = sa.String(50).with_variant(sa.String(50, collation="C"), "postgresql")
    _drop_old_indexes()
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.add_column(sa.Column("parent_id", ID))
        tasks.add_column(sa.Column("external_id", sa.String(200)))
        tasks.add_column(sa.Column("words", _words()))
        tasks.add_column(sa.Column("deleted_at", MOMENT))
        tasks.add_column(sa.Column("rank", sa.SmallInteger()))
        tasks.create_foreign_key(
            op.f("fk_tasks_parent_id_tasks"),
            "tasks",
            ["parent_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _fill_words()
    ranks = " ".join(f"WHEN '{p}' THEN {n}" for n, p in enumerate(PRIORITIES, 1))
    op.execute(f"UPDATE tasks SET rank = CASE priority {ranks} END")
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.drop_constraint(op.f("ck_tasks_priority"), type_="check")
        tasks.drop_column("priority")
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.alter_column("words", existing_type=_words(), nullable=False)
        tasks.alter_column(
            "rank",
            new_column_name="priority",
            existing_type=sa.SmallInteger(),
            nullable=False,
        )
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.create_check_constraint(
            op.f("ck_tasks_priority"), "priority BETWEEN 1 AND 4"
        )
    for name in SORTED:
        _create_index(LIVE, "owner_id", name, "id")
    _create_index(LIVE, "owner_id", "status", "created_at", "id")
    op.create_index(
        "uq_tasks_external_id",
        "tasks",
        ["owner_id", "external_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    _create_index(GONE, "owner_id", "deleted_at")
    _create_index(GONE, "deleted_at")
    _create_index(DONE, "owner_id", "completed_at")
    _create_index(BELOW, "parent_id")
    op.create_table(
        "task_tags",
        sa.Column("task_id", ID, nullable=False),
        sa.Column("name", exact, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
            name=op.f("fk_task_tags_owner_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
            name=op.f("fk_task_tags_task_id_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_id", "name", name=op.f("pk_task_tags")),
    )
    op.create_index(
        op.f("ix_task_tags_owner_id_name_task_id"),
        "task_tags",
        ["owner_id", "name", "task_id"],
    )
    op.create_table(
        "kept_answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_kept_answers_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
        sa.UniqueConstraint(
            "user_id", "subject", name=op.f("uq_kept_answers_user_id_subject")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_kept_answers_expires_at"), "kept_answers", ["expires_at"])
    if on_sqlite:
        op.execute(FTS)
        op.execute("INSERT INTO task_words(task_words) VALUES('rebuild')")
        for name, action in TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {action}")
    else:
        op.create_index("ix_tasks_words", "tasks", ["words"], postgresql_using="gin")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE task_words")
    else:
        op.drop_index("ix_tasks_words", "tasks")
    op.drop_table("kept_answers")
    op.drop_table("task_tags")
    op.execute("DELETE FROM tasks WHERE deleted_at IS NOT NULL")
    op.drop_index(op.f("ix_tasks_parent_id"), "tasks")
    op.drop_index(op.f("ix_tasks_owner_id_completed_at"), "tasks")
    op.drop_index(op.f("ix_tasks_deleted_at"), "tasks")
    op.drop_index(op.f("ix_tasks_owner_id_deleted_at"), "tasks")
    op.drop_index("uq_tasks_external_id", "tasks")
    op.drop_index(op.f("ix_tasks_owner_id_status_created_at_id"), "tasks")
    for name in SORTED:
        op.drop_index(op.f(f"ix_tasks_owner_id_{name}_id"), "tasks")
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.drop_constraint(op.f("fk_tasks_parent_id_tasks"), type_="foreignkey")
        tasks.drop_constraint(op.f("ck_tasks_priority"), type_="check")
        for name in ("parent_id", "external_id", "words", "deleted_at"):
            tasks.drop_column(name)
        tasks.alter_column(
            "priority", new_column_name="rank", existing_type=sa.SmallInteger()
        )
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.add_column(sa.Column("priority", sa.String(20)))
    names = " ".join(f"WHEN {n} THEN '{p}'" for n, p in enumerate(PRIORITIES, 1))
    op.execute(f"UPDATE tasks SET priority = CASE rank {names} END")
    with op.batch_alter_table("tasks", table_kwargs=KEPT) as tasks:
        tasks.alter_column("priority", existing_type=sa.String(20), nullable=False)
        tasks.drop_column("rank")
        tasks.create_check_constraint(
            op.f("ck_tasks_priority"), sa.column("priority").in_(PRIORITIES)
        )
    for name in ("created_at", "due_at", "updated_at"):
        columns = ["owner_id", name, "id"]
        op.create_index(op.f(f"ix_tasks_owner_id_{name}_id"), "tasks", columns)


def _drop_old_indexes() -> None:
    for name in ("created_at", "due_at", "updated_at"):
        op.drop_index(op.f(f"ix_tasks_owner_id_{name}_id"), "tasks")


def _create_index(where: Any, *columns: str) -> None:
    op.create_index(
        op.f(f"ix_tasks_{'_'.join(columns)}"),
        "tasks",
        list(columns),
        sqlite_where=where,
        postgresql_where=where,
    )


def _words() -> Any:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    return sa.Text() if on_sqlite else sa.dialects.postgresql.TSVECTOR()


def _fill_words() -> None:
    """Index what there is, as the service does for what comes."""
    connection = op.get_bind()
    quote = "" if connection.dialect.name == "sqlite" else "'"
    value = ":words" if not quote else "CAST(:words AS tsvector)"
    some = sa.text(
        "SELECT id, owner_id, title, description FROM tasks WHERE id > :last "
        f"ORDER BY id LIMIT {BATCH}"
    )
    fill = sa.text(f"UPDATE tasks SET words = {value} WHERE id = :id")
    rows = connection.execute(some, {"last": 0}).all()
    while rows:
        filled = [
            {"id": row.id, "words": " ".join(f"{quote}{w}{quote}" for w in _of(row))}
            for row in rows
        ]
        connection.execute(fill, filled)
        rows = connection.execute(some, {"last": rows[-1].id}).all()


def _of(row: Any) -> list[str]:
    text = f"{row.title} {row.description or ''}"
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in plain if not unicodedata.category(c).startswith("M"))
    runs = re.findall(r"[^\W_]+|[^\x00-\x7F\w]", kept.casefold())
    words = {r[:200] for r in runs if r.isalnum() or unicodedata.category(r)[0] == "S"}
    return [f"@{row.owner_id}", *sorted(words)]
