"""Add projects, members and invitations

Each account gets a personal project with the id of the account.

Revision: 3b1f7c52a9e4
Follows: 8d60e0743d7f
"""

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
ONE_ADDRESS = (
    "(username IS NOT NULL AND email IS NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NOT NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NULL AND token_hash IS NOT NULL)"
)


def upgrade() -> None:
    _create_projects()
    _create_invitations()
    _add_invitation_emails()
    with op.batch_alter_table("api_keys", table_kwargs=NEVER_REUSED) as keys:
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


def downgrade() -> None:
    op.drop_index(op.f("ix_api_keys_project_id"), "api_keys")
    with op.batch_alter_table("api_keys", table_kwargs=NEVER_REUSED) as keys:
        keys.drop_constraint(
            op.f("fk_api_keys_project_id_projects"), type_="foreignkey"
        )
        keys.drop_column("project_id")
    _remove_invitation_emails()
    for name in ("invitations", "memberships", "projects"):
        op.drop_table(name)


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
