"""The setting PASSWORD_MIN_LENGTH."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import PASSWORD, Client, field_errors

pytestmark = pytest.mark.one_database

MIN_LENGTH = 12


@pytest.fixture
def strict(app_with: Callable[..., Flask]) -> Flask:
    """Return an app that requires long passwords."""
    return app_with(password_min_length=MIN_LENGTH)


def test_password_of_the_minimum_length_is_accepted(strict: Flask) -> None:
    account = {"username": "cat", "password": "x" * (MIN_LENGTH - 1) + "y"}

    response = Client(strict).post("auth/register", account)

    assert response.status_code == 201


def test_shorter_password_creates_no_account(strict: Flask) -> None:
    account = {"username": "cat", "password": "x" * (MIN_LENGTH - 2) + "y"}

    response = Client(strict).post("auth/register", account)

    assert field_errors(response) == {"#/password": "length"}
    assert response.json["errors"][0]["message"] == "Use at least 12 characters."


def test_shorter_password_is_rejected_in_a_change(ann: Client, strict: Flask) -> None:
    ann.app = strict
    change = {
        "current_password": PASSWORD,
        "new_password": "x" * (MIN_LENGTH - 2) + "y",
    }

    response = ann.post("auth/password", change)

    assert field_errors(response) == {"#/new_password": "length"}


def test_shorter_existing_password_is_accepted_at_login(
    anonymous: Client, strict: Flask
) -> None:
    account = {"username": "cat", "password": "rain.txt"}
    anonymous.post("auth/register", account)

    response = Client(strict).post("auth/login", account)

    assert response.status_code == 200
