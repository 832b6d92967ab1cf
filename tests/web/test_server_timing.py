"""Server-Timing of authenticated requests."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client, with_app

# it does not depend on the database
pytestmark = pytest.mark.one_database

DURATION = re.compile(r"app;dur=\d+\.\d")


@pytest.mark.parametrize("path", ["tasks", "tasks/7000", "tasks?limit=x"])
def test_authenticated_response_has_server_timing(ann: Client, path: str) -> None:
    response = ann.get(path)

    assert DURATION.fullmatch(response.headers["Server-Timing"])


def test_unauthenticated_response_has_no_server_timing(
    anonymous: Client, ann: Client
) -> None:
    login = {"email": "ann@example.org", "password": "a wrong password"}

    rejected = anonymous.post("auth/login", login)
    missing = anonymous.get("tasks")

    assert rejected.status_code == missing.status_code == 401
    assert "Server-Timing" not in {*rejected.headers.keys(), *missing.headers.keys()}


def test_server_timing_is_exposed_to_other_origins(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    caller = with_app(ann, app_with(cors_origins=("https://app.example.org",)))

    response = caller.get("tasks", headers={"Origin": "https://app.example.org"})

    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert "Server-Timing" in exposed


def test_server_timing_is_documented(anonymous: Client) -> None:
    paths = anonymous.get("/openapi.json").json["paths"]
    operations = [item[m] for item in paths.values() for m in {"get", "put"} & {*item}]
    documented = [
        "Server-Timing" in one["responses"]["200"].get("headers", {})
        for one in operations
    ]

    assert documented == [bool(one["security"]) for one in operations]
    assert set(documented) == {True, False}
