"""Full-text index of tasks: its definition and the condition that uses it.

PostgreSQL keeps the terms of a task as a `tsvector` under a GIN index, SQLite in an
FTS5 table.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    SQLColumnExpression,
    String,
    TypeDecorator,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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


class SearchQuery(TypeDecorator[list[str]]):
    """Prefixes of words, as a query of the index of a project that is still missing.

    The id of a project is inserted before each `@`, which no word contains.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str:
        """Require a term with each of the prefixes."""
        if dialect.name == "sqlite":
            terms = " AND ".join(f'"@{term}" *' for term in value or ())
        else:
            terms = " & ".join(f"'@{term}':*" for term in value or ())
        return f"({terms})"


class HasTerms(FunctionElement[bool]):
    """Condition that a task has words that begin with the prefixes of `q`.

    Words are looked up in visible projects only, by the parameters of `access.scope`:
    the time does not depend on tasks of others.
    """

    inherit_cache = True

    def __init__(
        self, terms: SQLColumnExpression[str], task_id: SQLColumnExpression[int]
    ) -> None:
        projects = access.visible_projects().subquery("allowed")
        at: ColumnElement[str] = literal_column("'@'")
        prefix = cast(projects.c.project_id, String).concat(at)
        query = func.replace(bindparam("q", type_=SearchQuery()), at, prefix)
        tsquery = select(func.string_agg(query, literal_column("' | '")))
        fts5 = select(func.group_concat(query, literal_column("' OR '")))
        super().__init__(
            terms, task_id, tsquery.scalar_subquery(), fts5.scalar_subquery()
        )


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
