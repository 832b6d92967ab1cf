"""A password is as long as the service asks, whoever sets it."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support import PASSWORD, Client, faults

ASKED = 12


@pytest.fixture
def strict(twin: Callable[..., Flask]) -> Flask:
    """Return an app that asks for long passwords."""
    return twin(password_min_length=ASKED)


def test_a_password_of_the_length_that_is_asked_for_is_taken(strict: Flask) -> None:
    account = {"username": "cat", "password": "x" * (ASKED - 1) + "y"}

    answer = Client(strict).post("auth/register", account)

    assert answer.status_code == 201


def test_a_shorter_password_makes_no_account(strict: Flask) -> None:
    account = {"username": "cat", "password": "x" * (ASKED - 2) + "y"}

    answer = Client(strict).post("auth/register", account)

    assert faults(answer) == {"#/password": "length"}
    assert answer.json["errors"][0]["message"] == "Use at least 12 characters."


def test_a_shorter_password_replaces_no_other(ann: Client, strict: Flask) -> None:
    ann.app = strict
    change = {"current_password": PASSWORD, "new_password": "x" * (ASKED - 2) + "y"}

    answer = ann.post("auth/password", change)

    assert faults(answer) == {"#/new_password": "length"}


def test_a_shorter_password_of_before_still_logs_in(
    anyone: Client, strict: Flask
) -> None:
    account = {"username": "cat", "password": "rain.txt"}
    anyone.post("auth/register", account)

    answer = Client(strict).post("auth/login", account)

    assert answer.status_code == 200
