"""Add projects, members and invitations

Each account gets a personal project with the id of the account.

Revision: 3b1f7c52a9e4
Follows: 8d60e0743d7f
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "3b1f7c52a9e4"
down_revision = "8d60e0743d7f"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
CODE_POINTS = sa.String(100).with_variant(
    sa.String(100, collation="C"), "postgresql"
)  # sorts names as SQLite does
NEVER_REUSED = {"sqlite_autoincrement": True}  # ids, also of a copied table
DELETED = sa.text("deleted_at IS NOT NULL")

KINDS = ("reset", "verification", "email-changed")

PERSONAL_PROJECTS = (
    "INSERT INTO projects "
    "(id, personal_user_id, name, version, created_at, updated_at) "
    "SELECT id, id, 'Personal', 1, created_at, created_at FROM users"
)
MEMBERSHIPS = (
    "INSERT INTO memberships (user_id, project_id, role, created_at) "
    "SELECT id, id, 3, created_at FROM users"
)
CONTINUE_IDS = (
    "SELECT setval('projects_id_seq', (SELECT max(id) FROM projects)) "
    "WHERE EXISTS (SELECT 1 FROM projects)"
)
NOT_DELETED = sa.text("deleted_at IS NULL")
OWNER = (
    "coalesce((SELECT personal_user_id FROM projects WHERE id = tasks.project_id), "
    "owner_id, (SELECT user_id FROM memberships WHERE role = 3 "
    "AND project_id = tasks.project_id ORDER BY created_at, user_id LIMIT 1))"
)
DETACH_FROM_OTHERS = (
    "UPDATE tasks SET parent_id = NULL WHERE owner_id <> "
    "(SELECT owner_id FROM tasks AS above WHERE above.id = tasks.parent_id)"
)
CLEAR_EXTERNAL_IDS = (
    "UPDATE tasks SET external_id = NULL WHERE external_id IS NOT NULL "
    "AND deleted_at IS NULL AND id NOT IN (SELECT min(id) FROM tasks "
    "WHERE external_id IS NOT NULL AND deleted_at IS NULL "
    "GROUP BY owner_id, external_id)"
)
MOVE_TERMS_SQLITE = (
    "UPDATE tasks SET terms = substr(replace(' ' || terms, "
    "' ' || project_id || '@', ' ' || owner_id || '@'), 2) "
    "WHERE project_id <> owner_id"
)
MOVE_TERMS_POSTGRESQL = (
    "UPDATE tasks SET terms = coalesce((SELECT array_to_tsvector(array_agg("
    "owner_id || substr(term, length(project_id::text) + 1))) "
    "FROM unnest(tsvector_to_array(terms)) AS term), '') "
    "WHERE project_id <> owner_id"
)
COUNT_TASKS = (
    "UPDATE users SET task_count = "
    "(SELECT count(*) FROM tasks WHERE tasks.owner_id = users.id)"
)
TAG_OWNER = "(SELECT owner_id FROM tasks WHERE tasks.id = task_tags.task_id)"
NAME_TAGS = (
    "UPDATE task_tags SET name = (SELECT name FROM task_tags AS other "
    "WHERE other.owner_id = task_tags.owner_id AND other.key = task_tags.key "
    "ORDER BY other.task_id LIMIT 1)"
)
"""All tasks of an account show a tag in the same form."""

KEEP_SEQUENCE = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'tasks', 0 "
    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'tasks')",
    "UPDATE sqlite_sequence SET seq = coalesce((SELECT seq FROM sqlite_sequence "
    "WHERE name = 'old_tasks'), 0) WHERE name = 'tasks'",
)
"""Ids are not used again, also those of deleted tasks."""

LAST_KEY_ID = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'api_keys'")

# SQLite drops triggers with the table that it rebuilds.
REMOVE = (
    "INSERT INTO task_terms(task_terms, rowid, terms) "
    "VALUES('delete', old.id, old.terms);"
)
ADD = "INSERT INTO task_terms(rowid, terms) VALUES(new.id, new.terms);"
SQLITE_TRIGGERS = (
    f"CREATE TRIGGER task_terms_insert AFTER INSERT ON tasks BEGIN {ADD} END",
    f"CREATE TRIGGER task_terms_delete AFTER DELETE ON tasks BEGIN {REMOVE} END",
    "CREATE TRIGGER task_terms_update AFTER UPDATE OF terms ON tasks "
    f"BEGIN {REMOVE} {ADD} END",
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks BEGIN UPDATE users "
    "SET task_count = task_count + 1 WHERE id = new.owner_id; END",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks BEGIN UPDATE users "
    "SET task_count = task_count - 1 WHERE id = old.owner_id; END",
)
TASK_INDEXES = {
    **{
        (name, "id"): NOT_DELETED
        for name in ("created_at", "updated_at", "completed_at", "priority", "title")
    },
    ("due_is_day", "due_at", "id"): NOT_DELETED,
    ("status", "created_at", "id"): NOT_DELETED,
    ("deleted_at",): DELETED,
    ("id",): None,
}
"""Columns after the first one, which was the owner and becomes the project."""

ASSIGNED = (
    *("project_id", "assignee_id", "created_at", "id", "deleted_at", "due_is_day"),
    *("due_at", "title", "priority", "status", "updated_at", "completed_at"),
)
"""Columns of the index of assigned tasks."""

ONE_ADDRESS = (
    "(username IS NOT NULL AND email IS NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NOT NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NULL AND token_hash IS NOT NULL)"
)


def upgrade() -> None:
    _create_projects()
    _create_invitations()
    _add_invitation_emails()
    with _altered_keys() as keys:
        keys.add_column(sa.Column("project_id", ID))
        keys.create_foreign_key(
            op.f("fk_api_keys_project_id_projects"),
            "projects",
            ["project_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _create_index("api_keys", "project_id")
    op.execute(PERSONAL_PROJECTS)
    op.execute(MEMBERSHIPS)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(CONTINUE_IDS)
    _move_tasks_to_projects()


def downgrade() -> None:
    _move_tasks_to_owners()
    op.drop_index(op.f("ix_api_keys_project_id"), "api_keys")
    with _altered_keys() as keys:
        keys.drop_constraint(
            op.f("fk_api_keys_project_id_projects"), type_="foreignkey"
        )
        keys.drop_column("project_id")
    _remove_invitation_emails()
    for name in ("invitations", "memberships", "projects"):
        op.drop_table(name)


@contextmanager
def _altered_keys() -> Iterator[Any]:
    """Alter the keys, which SQLite does by a new table, whose ids must continue."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    last = op.get_bind().scalar(LAST_KEY_ID) if on_sqlite else None
    with op.batch_alter_table("api_keys", table_kwargs=NEVER_REUSED) as keys:
        yield keys
    if last:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'api_keys'")
        op.execute(
            f"INSERT INTO sqlite_sequence (name, seq) VALUES ('api_keys', {last:d})"
        )


def _create_projects() -> None:
    _create_table(
        "projects",
        *_reference("projects", "personal_user_id", "users", nullable=True),
        sa.Column("name", CODE_POINTS, nullable=False),
        sa.Column("deleted_at", TIME),
        sa.Column("version", ID, nullable=False),
        sa.UniqueConstraint(
            "personal_user_id", name=op.f("uq_projects_personal_user_id")
        ),
    )
    _create_index("projects", "deleted_at", where=DELETED)
    op.create_table(
        "memberships",
        *_reference("memberships", "user_id", "users"),
        *_reference("memberships", "project_id", "projects"),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "project_id", name=op.f("pk_memberships")),
        sa.UniqueConstraint(
            "project_id", "user_id", name=op.f("uq_memberships_project_id_user_id")
        ),
        sa.CheckConstraint("role BETWEEN 1 AND 3", name=op.f("ck_memberships_role")),
    )


def _create_invitations() -> None:
    _create_table(
        "invitations",
        *_reference("invitations", "project_id", "projects"),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("username", sa.String(50)),
        sa.Column("email", sa.String(254)),
        sa.Column("token_hash", sa.String(64)),
        *_reference("invitations", "user_id", "users", nullable=True),
        *_reference(
            "invitations", "invited_by", "users", nullable=True, ondelete="SET NULL"
        ),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint("role BETWEEN 1 AND 3", name=op.f("ck_invitations_role")),
        sa.CheckConstraint(ONE_ADDRESS, name=op.f("ck_invitations_one_address")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        *(
            sa.UniqueConstraint(
                "project_id", name, name=op.f(f"uq_invitations_project_id_{name}")
            )
            for name in ("username", "email")
        ),
    )
    for name in ("project_id", "email", "user_id", "invited_by", "expires_at"):
        _create_index("invitations", name)


def _add_invitation_emails() -> None:
    _change_kinds(*KINDS, "invitation")
    with op.batch_alter_table("outgoing_emails", table_kwargs=NEVER_REUSED) as emails:
        emails.alter_column("email", existing_type=sa.String(254), nullable=True)
        emails.add_column(sa.Column("invitation_id", ID))
        emails.create_foreign_key(
            op.f("fk_outgoing_emails_invitation_id_invitations"),
            "invitations",
            ["invitation_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _create_index("outgoing_emails", "invitation_id")


def _remove_invitation_emails() -> None:
    op.execute("DELETE FROM outgoing_emails WHERE kind = 'invitation'")
    op.drop_index(op.f("ix_outgoing_emails_invitation_id"), "outgoing_emails")
    with op.batch_alter_table("outgoing_emails", table_kwargs=NEVER_REUSED) as emails:
        emails.drop_constraint(
            op.f("fk_outgoing_emails_invitation_id_invitations"), type_="foreignkey"
        )
        emails.drop_column("invitation_id")
        emails.alter_column("email", existing_type=sa.String(254), nullable=False)
    _change_kinds(*KINDS)


def _change_kinds(*kinds: str) -> None:
    """Replace the constraints of the kinds of emails."""
    values = ", ".join(f"'{kind}'" for kind in kinds)
    for table in ("outgoing_emails", "email_tokens"):
        with op.batch_alter_table(table, table_kwargs=NEVER_REUSED) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_kind"), type_="check")
            batch.create_check_constraint(
                op.f(f"ck_{table}_kind"), f"kind IN ({values})"
            )


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
    table: str,
    column: str,
    target: str,
    *,
    nullable: bool = False,
    ondelete: str = "CASCADE",
) -> tuple[Any, Any]:
    """Return a column and its foreign key."""
    key = sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete=ondelete,
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


def _move_tasks_to_projects() -> None:
    """Let tasks and tags refer to projects instead of accounts.

    The personal projects have the ids of their accounts, so that stored search terms
    and tags are already correct.
    """
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_with_projects()
    else:
        _alter_to_projects()
    _create_index("tasks", "owner_id")
    assigned = sa.text("assignee_id IS NOT NULL")
    op.create_index(
        "ix_tasks_assigned",
        "tasks",
        [*ASSIGNED],
        sqlite_where=assigned,
        postgresql_where=assigned,
    )


def _alter_to_projects() -> None:
    for table in ("task_tags", "tasks"):
        op.drop_constraint(op.f(f"fk_{table}_owner_id_users"), table)
        op.alter_column(table, "owner_id", new_column_name="project_id")
        op.create_foreign_key(
            op.f(f"fk_{table}_project_id_projects"),
            table,
            "projects",
            ["project_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _rename_indexes("owner_id", "project_id")
    op.add_column("tasks", sa.Column("assignee_id", sa.BigInteger()))
    # A change of the type fills the column by rewriting the table once.
    op.add_column("tasks", sa.Column("owner_id", sa.Integer()))
    op.execute("ALTER TABLE tasks ALTER COLUMN owner_id TYPE bigint USING project_id")
    op.create_foreign_key(
        op.f("fk_tasks_owner_id_users"),
        "tasks",
        "users",
        ["owner_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_foreign_key(
        op.f("fk_tasks_assignee_id_memberships"),
        "tasks",
        "memberships",
        ["project_id", "assignee_id"],
        ["project_id", "user_id"],
    )


def _rename_indexes(old: str, new: str) -> None:
    tables = [("tasks", columns) for columns in TASK_INDEXES]
    for table, columns in [*tables, ("task_tags", ("key", "task_id"))]:
        rest = "_".join(columns)
        op.execute(
            f"ALTER INDEX ix_{table}_{old}_{rest} RENAME TO ix_{table}_{new}_{rest}"
        )


def _rebuild_with_projects() -> None:
    _set_aside("tasks")
    _create_tasks(
        *_reference("tasks", "project_id", "projects"),
        *_reference("tasks", "owner_id", "users", nullable=True, ondelete="SET NULL"),
        sa.Column("assignee_id", ID),
        sa.ForeignKeyConstraint(
            ["project_id", "assignee_id"],
            ["memberships.project_id", "memberships.user_id"],
            name=op.f("fk_tasks_assignee_id_memberships"),
        ),
    )
    _copy("tasks", {"project_id": "owner_id", "owner_id": "owner_id"})
    _create_task_indexes("project_id")
    _rebuild_tags("project_id", "projects", "owner_id")


def _move_tasks_to_owners() -> None:
    """Give each task to one account, as the previous release needs it.

    This is the owner of its personal project, else the account that created it, else
    the first owner of the project.
    """
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(
        f"UPDATE tasks SET owner_id = {OWNER} "
        f"WHERE owner_id IS NULL OR owner_id <> {OWNER}"
    )
    op.execute("UPDATE tasks SET assignee_id = NULL WHERE assignee_id IS NOT NULL")
    op.execute(DETACH_FROM_OTHERS)
    op.execute(CLEAR_EXTERNAL_IDS)
    op.execute(MOVE_TERMS_SQLITE if on_sqlite else MOVE_TERMS_POSTGRESQL)
    op.execute(COUNT_TASKS)
    if on_sqlite:
        _rebuild_with_owners()
    else:
        _alter_to_owners()
    op.execute(NAME_TAGS)


def _rebuild_with_owners() -> None:
    op.execute("UPDATE task_tags SET project_id = " + TAG_OWNER)
    _set_aside("tasks")
    _create_tasks(*_reference("tasks", "owner_id", "users"))
    _copy("tasks", {"owner_id": "owner_id"})
    _create_task_indexes("owner_id")
    _rebuild_tags("owner_id", "users", "project_id")


def _alter_to_owners() -> None:
    op.drop_constraint(op.f("fk_tasks_assignee_id_memberships"), "tasks")
    op.drop_constraint(op.f("fk_tasks_owner_id_users"), "tasks")
    for table in ("task_tags", "tasks"):
        op.drop_constraint(op.f(f"fk_{table}_project_id_projects"), table)
    op.execute("UPDATE task_tags SET project_id = " + TAG_OWNER)
    op.execute("UPDATE tasks SET project_id = owner_id")
    op.drop_index(op.f("ix_tasks_owner_id"), "tasks")
    op.drop_index("ix_tasks_assigned", "tasks")
    op.drop_column("tasks", "assignee_id")
    op.drop_column("tasks", "owner_id")
    for table in ("task_tags", "tasks"):
        op.alter_column(table, "project_id", new_column_name="owner_id")
        op.create_foreign_key(
            op.f(f"fk_{table}_owner_id_users"),
            table,
            "users",
            ["owner_id"],
            ["id"],
            ondelete="CASCADE",
        )
    _rename_indexes("project_id", "owner_id")


def _set_aside(table: str) -> None:
    """Rename a table of SQLite and drop its indexes; dropping it drops the triggers."""
    for index in sa.inspect(op.get_bind()).get_indexes(table):
        op.drop_index(index["name"], table)
    op.rename_table(table, f"old_{table}")


def _copy(table: str, changed: dict[str, str]) -> None:
    """Copy the rows of a table that was set aside, and drop it.

    `changed` maps new columns to old ones; other columns keep their names.
    """
    old = {c["name"] for c in sa.inspect(op.get_bind()).get_columns(f"old_{table}")}
    new = {c["name"] for c in sa.inspect(op.get_bind()).get_columns(table)}
    kept = sorted((old & new) - set(changed))
    target, source = [*kept, *changed], [*kept, *changed.values()]
    op.execute(
        f"INSERT INTO {table} ({', '.join(target)}) "
        f"SELECT {', '.join(source)} FROM old_{table}"
    )
    if table == "tasks":
        for statement in KEEP_SEQUENCE:
            op.execute(statement)
    op.drop_table(f"old_{table}")
    if table == "tasks":
        for statement in SQLITE_TRIGGERS:
            op.execute(statement)


def _rebuild_tags(column: str, target: str, old: str) -> None:
    _set_aside("task_tags")
    op.create_table(
        "task_tags",
        *_reference("task_tags", "task_id", "tasks"),
        sa.Column("key", sa.String(900), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        *_reference("task_tags", column, target),
        sa.PrimaryKeyConstraint("task_id", "key", name=op.f("pk_task_tags")),
    )
    _copy("task_tags", {column: old})
    _create_index("task_tags", column, "key", "task_id")


def _create_tasks(*owners: Any) -> None:
    """Create the table on SQLite."""
    statuses = ("todo", "in_progress", "completed", "cancelled")
    status = sa.Enum(
        *statuses,
        name="taskstatus",
        native_enum=False,
        create_constraint=True,
        length=20,
    )
    _create_table(
        "tasks",
        *owners,
        *_reference("tasks", "parent_id", "tasks", nullable=True),
        sa.Column("external_id", sa.String(200)),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("due_is_day", sa.Boolean(), nullable=False),
        sa.Column("completed_at", TIME),
        sa.Column("deleted_at", TIME),
        sa.Column("version", ID, nullable=False),
        sa.CheckConstraint("priority BETWEEN 1 AND 4", name=op.f("ck_tasks_priority")),
    )


def _create_task_indexes(first: str) -> None:
    for columns, where in TASK_INDEXES.items():
        _create_index("tasks", first, *columns, where=where)
    op.create_index(
        "uq_tasks_external_id",
        "tasks",
        [first, "external_id"],
        unique=True,
        sqlite_where=NOT_DELETED,
    )
    _create_index("tasks", "deleted_at", where=DELETED)
    _create_index("tasks", "parent_id", where=sa.text("parent_id IS NOT NULL"))
