"""Full-text index of tasks: its definition and the condition that uses it.

PostgreSQL keeps the terms of a task as a `tsvector` under a GIN index, SQLite in an
FTS5 table.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from taskapi.db.types import Each
from taskapi.projects import access

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


def _query(
    joined: Callable[..., ColumnElement[str]], term: tuple[str, str], operators: str
) -> ColumnElement[str]:
    """Select the query of an index: each word, with the id of a visible project.

    `term` is the text before and after a term; `operators` are those for OR and AND.
    """
    either, both = operators.split()
    words = Each(bindparam("q", type_=String())).table_valued("value", name="words")
    projects = access.visible_projects().subquery("allowed")
    before: ColumnElement[str] = literal_column(f"'{term[0]}'")
    after: ColumnElement[str] = literal_column(f"'{term[1]}'")
    prefix = before.concat(cast(projects.c.project_id, String)).concat(
        literal_column("'@'").concat(words.c.value).concat(after)
    )
    alternatives = (
        select(joined(prefix, literal_column(f"' {either} '")).label("terms"))
        .select_from(words.join(projects, true()))
        .group_by(words.c.value)
        .subquery("alternatives")
    )
    group = literal_column("'('").concat(alternatives.c.terms).concat(")")
    return select(joined(group, literal_column(f"' {both} '"))).scalar_subquery()


class HasTerms(FunctionElement[bool]):
    """Condition that a task has words that begin with the prefixes of `q`.

    The parameter is a JSON array. Words are looked up in visible projects only, by the
    parameters of `access.scope`: the time does not depend on tasks of others.
    """

    inherit_cache = True

    def __init__(
        self, terms: SQLColumnExpression[str], task_id: SQLColumnExpression[int]
    ) -> None:
        tsquery = _query(func.string_agg, ("''", "'':*"), "| &")
        fts5 = _query(func.group_concat, ('"', '" *'), "OR AND")
        super().__init__(terms, task_id, tsquery, fts5)


@compiles(HasTerms, "postgresql")
def _match_tsvector(element: HasTerms, compiler: SQLCompiler, **options: object) -> str:
    terms, _, query, _ = element.clauses
    matching = terms.bool_op("@@")(cast(query, TSQUERY))
    return compiler.process(matching, **options)


@compiles(HasTerms, "sqlite")
def _match_fts5(element: HasTerms, compiler: SQLCompiler, **options: object) -> str:
    _, task_id, _, query = element.clauses
    rows: Select[Any] = select(column("rowid")).select_from(table("task_terms"))
    # MATCH with NULL is an error; no task has the empty term.
    query = func.coalesce(query, literal_column("'\"0@\"'"))
    matching = rows.where(column("task_terms").bool_op("MATCH")(query))
    return compiler.process(task_id.in_(matching), **options)


class MovedTerms(FunctionElement[str]):
    """The terms of a task, with the id of another project: terms, from, to."""

    inherit_cache = True


@compiles(MovedTerms, "postgresql")
def _move_tsvector(
    element: MovedTerms, compiler: SQLCompiler, **options: object
) -> str:
    terms, old, new = (compiler.process(c, **options) for c in element.clauses)
    moved = f"CAST({new} AS TEXT) || substr(term, length(CAST({old} AS TEXT)) + 1)"
    moved_terms = f"array_to_tsvector(array_agg({moved}))"
    every = f"unnest(tsvector_to_array({terms})) AS term"
    return f"coalesce(({' '.join(('SELECT', moved_terms, 'FROM', every))}), '')"


@compiles(MovedTerms, "sqlite")
def _move_text(element: MovedTerms, compiler: SQLCompiler, **options: object) -> str:
    terms, old, new = (compiler.process(c, **options) for c in element.clauses)
    before, after = (f"' ' || {project} || '@'" for project in (old, new))
    return f"substr(replace(' ' || {terms}, {before}, {after}), 2)"
