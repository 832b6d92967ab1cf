"""Server-Timing: how long an answer took, for callers who are known."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.backstage import limited
from tests.support import Client

# it does not depend on the database
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

DURATION = re.compile(r"app;dur=\d+\.\d")


@pytest.mark.parametrize("path", ["tasks", "tasks/7000", "tasks?limit=x"])
def test_a_caller_learns_how_long_an_answer_took(ann: Client, path: str) -> None:
    answer = ann.get(path)

    assert DURATION.fullmatch(answer.headers["Server-Timing"])


def test_who_is_not_known_learns_no_times(anyone: Client, ann: Client) -> None:
    login = {"email": "ann@example.org", "password": "a guess in the dark"}

    refused = anyone.post("auth/login", login)
    missing = anyone.get("tasks")

    assert refused.status_code == missing.status_code == 401
    assert "Server-Timing" not in {*refused.headers.keys(), *missing.headers.keys()}


def test_pages_of_other_origins_may_read_times(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    caller = limited(ann, twin(cors_origins=("https://app.example.org",)))

    answer = caller.get("tasks", headers={"Origin": "https://app.example.org"})

    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert "Server-Timing" in exposed


def test_times_are_documented_where_they_are_told(anyone: Client) -> None:
    paths = anyone.get("/openapi.json").json["paths"]
    operations = [item[m] for item in paths.values() for m in {"get", "put"} & {*item}]
    answers = [(one["security"], one["responses"]["200"]) for one in operations]

    told = ["Server-Timing" in answer.get("headers", {}) for _, answer in answers]

    assert told == [bool(security) for security, _ in answers]
    assert set(told) == {True, False}
