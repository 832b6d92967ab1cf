"""Responses to every exception class of the drivers and of SQLAlchemy."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy.exc
import sqlalchemy.orm.exc
from flask import Flask

from taskapi import db
from taskapi.db.errors import MISSING
from taskapi.errors import Invalid
from tests.helpers.client import Client, assert_problem

CLASSES = {
    "Warning": 503,
    "Error": 503,
    "InterfaceError": 503,
    "DatabaseError": 503,
    "DataError": 422,
    "OperationalError": 503,
    "IntegrityError": 503,
    "InternalError": 503,
    "ProgrammingError": 503,
    "NotSupportedError": 503,
}
"""The exception classes of PEP 249 with the expected status."""

CODES = {422: "validation-error", 503: "service-unavailable"}
ATTEMPTS = 3
REPEATED = {"40001", "40P01", "23503", "0A000", "26000", "42P05", "08P01"}


def subclasses(kind: type[Any]) -> list[type[Any]]:
    """Return a class and all its subclasses."""
    return [kind, *(one for sub in kind.__subclasses__() for one in subclasses(sub))]


def named(kinds: list[type[Any]]) -> dict[str, type[Any]]:
    return {f"{kind.__module__}.{kind.__name__}": kind for kind in kinds}


DRIVERS = named(
    subclasses(sqlite3.Error)
    + subclasses(sqlite3.Warning)
    + subclasses(psycopg.Error)
    + subclasses(psycopg.Warning)
)
LIBRARY = named(subclasses(sqlalchemy.exc.SQLAlchemyError))


def status_of(kind: type[Any]) -> int:
    """Return the expected status of the nearest base class in PEP 249."""
    return next(CLASSES[c.__name__] for c in kind.__mro__ if c.__name__ in CLASSES)


def bare(kind: type[Any]) -> Any:
    """Return an exception without calling its constructor."""
    error = kind.__new__(kind)
    error.args = ("secret text",)
    for name in ("orig", "statement", "params", "hide_parameters", "ismulti", "code"):
        error.__dict__.setdefault(name, None)
    error.__dict__.setdefault("detail", [])
    return error


@pytest.fixture(scope="module")
def failing(
    make_app: Callable[..., Flask], apps: dict[str, Flask]
) -> Iterator[Callable[[BaseException], Client]]:
    """Return a function that creates a client of a view that raises an error."""
    app = make_app("sqlite")

    def make(error: BaseException) -> Client:
        def view() -> None:
            attempts.append(error)
            raise error

        attempts.clear()
        app.view_functions["failing"] = db.transactional(view, seconds=30)
        return Client(app)

    app.add_url_rule("/failing", "failing", lambda: None)
    yield make
    with app.app_context():
        db.database.engine.dispose()


attempts: list[BaseException] = []


@pytest.mark.parametrize("kind", DRIVERS.values(), ids=DRIVERS)
def test_errors_of_drivers_are_mapped(
    failing: Callable[[BaseException], Client],
    kind: type[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw = bare(kind)
    base = psycopg.Error if issubclass(kind, psycopg.Error) else sqlite3.Error
    wrapped: Any = sqlalchemy.exc.DBAPIError.instance("X", None, raw, base)
    status = status_of(kind)

    for error in (raw, wrapped):
        response = failing(error).get("/failing")
        assert_problem(response, status, CODES[status])
        code = getattr(kind, "sqlstate", None)
        seconds = "10" if code in MISSING else "1"
        assert response.headers.get("Retry-After") == (
            seconds if status == 503 else None
        )
        repeated = code in REPEATED
        assert len(attempts) == (ATTEMPTS if repeated else 1)
    assert "request failed" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", LIBRARY.values(), ids=LIBRARY)
def test_errors_of_sqlalchemy_are_mapped(
    failing: Callable[[BaseException], Client], kind: type[Any]
) -> None:
    status = 422 if issubclass(kind, sqlalchemy.exc.DataError) else 503

    assert_problem(failing(bare(kind)).get("/failing"), status, CODES[status])


@pytest.mark.parametrize("value", [2**64, "\ud800"], ids=["integer", "surrogate"])
def test_values_that_a_driver_cannot_send_are_mapped(app: Flask, value: object) -> None:
    def view() -> dict[str, str]:
        statement = sqlalchemy.text("SELECT CAST(:value AS BIGINT)")
        return {"value": str(db.read(statement, {"value": value}))}

    with app.app_context(), pytest.raises(Invalid) as raised:
        db.transactional(view, seconds=30)()

    assert raised.value.code == "validation-error"
