"""Full-text index of tasks: its definition and the condition that uses it.

PostgreSQL keeps the terms of a task as a `tsvector` under a GIN index, SQLite in an
FTS5 table.
"""

from typing import Any

from sqlalchemy import (
    BindParameter,
    Dialect,
    Select,
    SQLColumnExpression,
    String,
    TypeDecorator,
    bindparam,
    column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

_REMOVE = (
    "INSERT INTO task_terms(task_terms, rowid, terms) "
    "VALUES('delete', old.id, old.terms);"
)
_ADD = "INSERT INTO task_terms(rowid, terms) VALUES(new.id, new.terms);"
_TRIGGER = "CREATE TRIGGER task_terms_"
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE task_terms USING fts5("
    "terms, content='tasks', content_rowid='id', "
    "tokenize=\"ascii tokenchars '@'\", detail=none)",
    f"{_TRIGGER}insert AFTER INSERT ON tasks BEGIN {_ADD} END",
    f"{_TRIGGER}delete AFTER DELETE ON tasks BEGIN {_REMOVE} END",
    f"{_TRIGGER}update AFTER UPDATE OF terms ON tasks BEGIN {_REMOVE} {_ADD} END",
)
"""Statements that create the FTS5 table and keep it equal to `tasks.terms`."""


class SearchQuery(TypeDecorator[list[str]]):
    """Prefixes of terms, in the query language of the database's index."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Send a tsquery to PostgreSQL, text to SQLite."""
        on_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(String() if on_sqlite else TSQUERY())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str:
        """Require a term with each of the prefixes."""
        if dialect.name == "sqlite":
            return " AND ".join(f'"{term}" *' for term in value or ())
        return " & ".join(f"'{term}':*" for term in value or ())


class HasTerms(FunctionElement[bool]):
    """Condition that a task has all terms of the parameter `q`."""

    inherit_cache = True

    def __init__(
        self, terms: SQLColumnExpression[str], task_id: SQLColumnExpression[int]
    ) -> None:
        query: BindParameter[list[str]] = bindparam("q", type_=SearchQuery())
        super().__init__(terms, task_id, query)


@compiles(HasTerms, "postgresql")
def _match_tsvector(element: HasTerms, compiler: SQLCompiler, **options: object) -> str:
    terms, _, query = element.clauses
    return compiler.process(terms.bool_op("@@")(query), **options)


@compiles(HasTerms, "sqlite")
def _match_fts5(element: HasTerms, compiler: SQLCompiler, **options: object) -> str:
    _, task_id, query = element.clauses
    rows: Select[Any] = select(column("rowid")).select_from(table("task_terms"))
    matching = rows.where(column("task_terms").bool_op("MATCH")(query))
    return compiler.process(task_id.in_(matching), **options)
