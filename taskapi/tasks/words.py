"""Search: the words of a text, and how each database finds tasks by them.

A word is a run of letters and digits, without case and accents; a symbol such as ✓ is a
word of its own. PostgreSQL keeps them as a `tsvector` under a GIN index, SQLite in an
FTS5 table. The owner is one more word, so that the index itself sees whose they are.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain
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

LONGEST = 200
"""No query has a longer word, so what is beyond of a word is never asked for."""

_REMOVE = (
    "INSERT INTO task_words(task_words, rowid, words) "
    "VALUES('delete', old.id, old.words);"
)
_ADD = "INSERT INTO task_words(rowid, words) VALUES(new.id, new.words);"
_TRIGGER = "CREATE TRIGGER task_words_"
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE task_words USING fts5("
    "words, content='tasks', content_rowid='id', "
    "tokenize=\"ascii tokenchars '@'\", detail=none)",
    f"{_TRIGGER}insert AFTER INSERT ON tasks BEGIN {_ADD} END",
    f"{_TRIGGER}delete AFTER DELETE ON tasks BEGIN {_REMOVE} END",
    f"{_TRIGGER}update AFTER UPDATE OF words ON tasks BEGIN {_REMOVE} {_ADD} END",
)
"""The statements that create the FTS5 table and keep it equal to `tasks.words`."""

MARKED = (range(0x300, 0x1F000), range(0xE0100, 0xE01F0))
"""Where Unicode has its combining marks; a test looks whether that is still so."""


@cache
def marks() -> dict[int, None]:
    """Return what `translate` is to drop; asked for when a text is not plain ASCII."""
    points = chain(*MARKED)
    return {n: None for n in points if unicodedata.category(chr(n)).startswith("M")}


def words_of(*texts: str | None) -> list[str]:
    """Return the words of some texts, each once."""
    found: set[str] = set()
    for text in filter(None, texts):
        runs = re.findall(r"[^\W_]+|[^\x00-\x7F\w]", _fold(text))
        found.update(run[:LONGEST] for run in runs if _is_word(run))
    return sorted(found)


def indexed(owner_id: int, *texts: str | None) -> list[str]:
    """Return what is kept for a task of this owner."""
    return [_owner(owner_id), *words_of(*texts)]


def wanted(owner_id: int, query: str) -> list[str]:
    """Return what a search looks for: the owner first, then beginnings of words."""
    return [_owner(owner_id), *words_of(query)]


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
        """Ask for the owner exactly, and for words that begin so."""
        owner, *beginnings = value or [""]
        if dialect.name == "sqlite":
            return " AND ".join([f'"{owner}"', *(f'"{w}" *' for w in beginnings)])
        return " & ".join([f"'{owner}'", *(f"'{w}':*" for w in beginnings)])


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
    found: Select[Any] = select(column("rowid")).select_from(table("task_words"))
    matching = found.where(column("task_words").bool_op("MATCH")(query))
    return compiler.process(task_id.in_(matching), **options)


def _owner(owner_id: int) -> str:
    return f"@{owner_id}"


def _fold(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():
        return text.casefold()
    bare = text.casefold().translate(marks())  # putting many marks in order takes long
    plain = unicodedata.normalize("NFKD", bare)
    return plain.translate(marks()).casefold()


def _is_word(run: str) -> bool:
    return run.isalnum() or unicodedata.category(run).startswith("S")
