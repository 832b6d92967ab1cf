"""Search: the index terms of a task, and how each database finds tasks by them.

PostgreSQL keeps the terms as a `tsvector` under a GIN index, SQLite in an FTS5 table.
Each term begins with the id of the owner, so that a search reads the entries of one
account only, however many there are of others.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BindParameter,
    Dialect,
    Select,
    String,
    Text,
    TypeDecorator,
    bindparam,
    column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from taskapi.tasks import folding

LONGEST = 200
"""No query has a longer word, so the rest of a longer one is not indexed."""

MAX_WORDS = 8
MAX_TERMS = 64
"""What a search may have, since each is looked up in the index."""

_REMOVE = (
    "INSERT INTO task_terms(task_terms, rowid, words) "
    "VALUES('delete', old.id, old.words);"
)
_ADD = "INSERT INTO task_terms(rowid, words) VALUES(new.id, new.words);"
_TRIGGER = "CREATE TRIGGER task_terms_"
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE task_terms USING fts5("
    "words, content='tasks', content_rowid='id', "
    "tokenize=\"ascii tokenchars '@'\", detail=none)",
    f"{_TRIGGER}insert AFTER INSERT ON tasks BEGIN {_ADD} END",
    f"{_TRIGGER}delete AFTER DELETE ON tasks BEGIN {_REMOVE} END",
    f"{_TRIGGER}update AFTER UPDATE OF words ON tasks BEGIN {_REMOVE} {_ADD} END",
)
"""The statements that create the FTS5 table and keep it equal to `tasks.words`."""


def indexed(owner_id: int, *texts: str | None) -> list[str]:
    """Return the index terms of a task of this owner."""
    terms = folding.indexed_terms(folding.runs(*texts), LONGEST)
    return [f"{owner_id}@{term}" for term in sorted(terms)]


def is_too_long(query: str) -> bool:
    """Return whether a search has more words or index terms than are looked up."""
    words = folding.runs(query)
    terms = folding.searched_terms(words, LONGEST)
    return len(words) > MAX_WORDS or len(terms) > MAX_TERMS


def wanted(owner_id: int, query: str) -> list[str]:
    """Return the beginnings of the index terms that a task must have."""
    terms = folding.searched_terms(folding.runs(query), LONGEST)
    return [f"{owner_id}@{term}" for term in terms]


class Words(TypeDecorator[list[str]]):
    """The words of a task, as the database indexes them."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep a tsvector on PostgreSQL, text on SQLite."""
        on_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if on_sqlite else TSVECTOR())

    def process_bind_param(
        self, value: Iterable[str] | None, dialect: Dialect
    ) -> str | None:
        """Write the words one after the other; a tsvector wants them in quotes."""
        mark = "" if dialect.name == "sqlite" else "'"
        return " ".join(f"{mark}{word}{mark}" for word in value or ())


class Wanted(TypeDecorator[list[str]]):
    """The words of a query, in the language of the database's index."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Send a tsquery to PostgreSQL."""
        on_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(String() if on_sqlite else TSQUERY())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str:
        """Ask for terms that begin so."""
        if dialect.name == "sqlite":
            return " AND ".join(f'"{term}" *' for term in value or ())
        return " & ".join(f"'{term}':*" for term in value or ())


class Matches(FunctionElement[bool]):
    """The condition that a task has all words of the parameter `q`."""

    inherit_cache = True

    def __init__(self, words: Any, task_id: Any) -> None:
        query: BindParameter[Any] = bindparam("q", type_=Wanted())
        super().__init__(words, task_id, query)


@compiles(Matches, "postgresql")
def _ask_tsvector(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    words, _, query = element.clauses
    return compiler.process(words.bool_op("@@")(query), **options)


@compiles(Matches, "sqlite")
def _ask_fts5(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    _, task_id, query = element.clauses
    found: Select[Any] = select(column("rowid")).select_from(table("task_terms"))
    matching = found.where(column("task_terms").bool_op("MATCH")(query))
    return compiler.process(task_id.in_(matching), **options)
