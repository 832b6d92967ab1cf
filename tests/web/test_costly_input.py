"""Input that is small to send and dear to look at is refused before it is."""

from typing import Any

import pytest

from tests.support import Client, faults, refused
from tests.tasks.support import titles

MARKS = "\u0301\u0323" * 200_000
"""Accents in an order that Unicode wants another way: quadratic to normalize."""

# what is dear does not depend on the database
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("auth/login", "username"),
        ("auth/register", "email"),
        ("auth/password-reset/request", "email"),
    ],
)
def test_a_name_is_measured_before_it_is_folded(
    anyone: Client, path: str, name: str
) -> None:
    answer = anyone.post(path, {name: MARKS, "password": "x" * 10})

    assert faults(answer)[f"#/{name}"] == "length"


@pytest.mark.parametrize("tag", [MARKS, "a" * 500_000 + ","], ids=["marks", "commas"])
def test_a_tag_is_measured_before_it_is_read(ann: Client, tag: str) -> None:
    answer = ann.post("tasks", {"title": "Sow", "tags": [tag]})

    assert faults(answer) == {"#/tags/0": "length"}


def test_marks_are_dropped_before_they_are_put_in_order(ann: Client) -> None:
    crowd = [{"title": "Sow", "description": MARKS[:9_000] + " seed"}] * 30

    ann.post("tasks/bulk", {"create": crowd})

    assert titles(ann.get("tasks?q=seed&limit=100")) == ["Sow"] * 30


@pytest.mark.parametrize(
    "body",
    [
        {"create": [{}] * 10_001},
        {"title": "Sow", "tags": ["a"] * 10_001},
        {"create": [{"subtasks": [{"subtasks": [{}] * 100}] * 100}]},
    ],
    ids=["list", "strings", "tree"],
)
def test_a_body_of_too_many_values_is_not_looked_at(ann: Client, body: Any) -> None:
    answer = ann.post("tasks/bulk", body)

    refused(answer, 400, "malformed-json")


def test_a_list_is_measured_before_its_items(ann: Client) -> None:
    answer = ann.post("tasks/bulk", {"delete": ["x"] * 101})

    assert faults(answer) == {"#/delete": "length"}


def test_no_more_than_a_thousand_faults_are_told(ann: Client) -> None:
    wrong = {f"x{number}": 1 for number in range(30)}
    tasks = [{"title": "Sow"} | wrong for _ in range(100)]

    answer = ann.post("tasks/bulk", {"create": tasks})

    assert len(refused(answer, 422, "validation-error")["errors"]) == 1000
