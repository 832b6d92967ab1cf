"""Conversion of database URLs for SQLAlchemy."""

import pytest

from taskapi.db.engine import sqlalchemy_url


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_each_postgresql_scheme_selects_psycopg(scheme: str) -> None:
    address = "ann:pw@host:6432/name?sslmode=require"

    converted = sqlalchemy_url(f"{scheme}://{address}", "read-write")

    assert converted == f"postgresql+psycopg://{address}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(
            "ann:pw@one:5432,two:6432/name?sslmode=require",
            "ann:pw@/name?host=one,two&port=5432,6432&sslmode=require"
            "&target_session_attrs=standby",
            id="session type",
        ),
        pytest.param(
            "one,[::1]:6432/name?target_session_attrs=any",
            "/name?host=one,::1&port=,6432&target_session_attrs=any",
            id="option of the URL",
        ),
    ],
)
def test_several_postgresql_hosts_are_converted(address: str, expected: str) -> None:
    converted = sqlalchemy_url(f"postgresql://{address}", "standby")

    assert converted == f"postgresql+psycopg://{expected}"


def test_sqlite_url_is_not_changed() -> None:
    url = "sqlite:////data/taskapi.db"

    assert sqlalchemy_url(url, "read-write") == url
