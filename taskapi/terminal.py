"""What commands have in common: one transaction, refusals in words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo

from taskapi import db
from taskapi.console import Command, CommandError, visible
from taskapi.errors import Invalid, InvalidLines, Problem, Unavailable
from taskapi.observability import logs
from taskapi.users import service
from taskapi.users.schemas import fold
from taskapi.web.problems import flatten


class Group(AppGroup):
    """Commands in one transaction each, with failures as one-line messages."""

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, commit what it did, put refusals in words."""
        with transaction(ctx):
            return super().invoke(ctx)


@contextmanager
def transaction(ctx: click.Context) -> Iterator[None]:
    """Commit at the end of the block; put refusals in words."""
    try:
        app = ctx.ensure_object(ScriptInfo).load_app()
        with app.app_context(), logs.aside(), db.transaction():
            yield
    except Problem as problem:
        raise CommandError(in_words(problem)) from problem


def in_words(problem: Problem) -> str:
    """Return what an operator is told of a refusal."""
    if isinstance(problem, Unavailable):
        return "The database is out of reach or not migrated; try `flask db upgrade`."
    if isinstance(problem, InvalidLines):
        found = flatten(problem.errors)
        return "\n".join(["Nothing was imported.", *(_line(*one) for one in found)])
    if not isinstance(problem, Invalid):
        return problem.detail
    return "; ".join(
        f"{name or 'account'}: {faults[0]}" for name, faults in problem.errors.items()
    )


def find(login: str) -> Any:
    """Return the account of an email or username, or end the command."""
    user = service.find_by_login(fold(login))
    if user is None:
        raise CommandError(f"There is no account {login}.")
    return user


def _line(path: Sequence[str], fault: str) -> str:
    number, *names = path
    place = "".join(f", {visible(name)}" for name in names)
    hint = getattr(fault, "hint", None)
    column = getattr(fault, "column", None) or 1
    return f"line {number}, column {column}{place}: {visible(fault)}" + (
        f" {hint}" if hint else ""
    )
