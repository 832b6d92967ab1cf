"""Input that is expensive to process is rejected early."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import titles

MARKS = "\u0301\u0323" * 200_000
"""Accents in non-canonical order: normalizing them takes quadratic time."""

# processing costs do not depend on the database
pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("auth/login", "username"),
        ("auth/register", "email"),
        ("auth/password-reset/request", "email"),
    ],
)
def test_name_length_is_checked_before_case_folding(
    anonymous: Client, path: str, name: str
) -> None:
    response = anonymous.post(path, {name: MARKS, "password": "x" * 10})

    assert field_errors(response)[f"#/{name}"] == "length"


@pytest.mark.parametrize("tag", [MARKS, "a" * 500_000 + ","], ids=["marks", "commas"])
def test_tag_length_is_checked_before_cleaning(ann: Client, tag: str) -> None:
    response = ann.post("tasks", {"title": "Sow", "tags": [tag]})

    assert field_errors(response) == {"#/tags/0": "length"}


def test_combining_marks_are_removed_before_ordering(ann: Client) -> None:
    tasks = [{"title": "Sow", "description": MARKS[:9_000] + " seed"}] * 30

    ann.post("tasks/bulk", {"create": tasks})

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
def test_body_with_too_many_values_is_rejected_early(ann: Client, body: Any) -> None:
    response = ann.post("tasks/bulk", body)

    assert_problem(response, 400, "malformed-json")


def test_list_length_is_checked_before_its_items(ann: Client) -> None:
    response = ann.post("tasks/bulk", {"delete": ["x"] * 101})

    assert field_errors(response) == {"#/delete": "length"}


def test_response_has_at_most_a_thousand_field_errors(ann: Client) -> None:
    wrong = {f"x{number}": 1 for number in range(30)}
    tasks = [{"title": "Sow"} | wrong for _ in range(100)]

    response = ann.post("tasks/bulk", {"create": tasks})

    assert len(assert_problem(response, 422, "validation-error")["errors"]) == 1000
