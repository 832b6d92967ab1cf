"""Ids in paths: positive 64-bit numbers in ASCII digits."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

ARABIC = str.maketrans("0123456789", "".join(chr(0x660 + n) for n in range(10)))
FULLWIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))
NON_CANONICAL = {
    "zeros first": "00{id}",
    "plus": "+{id}",
    "escaped plus": "%2B{id}",
    "minus": "-{id}",
    "point": "{id}.0",
    "exponent": "{id}e0",
    "hexadecimal": "0x{id}",
    "underscore": "{id}_0",
    "NUL after": "{id}%00",
    "newline after": "{id}%0A",
    "space after": "{id}%20",
    "space before": "%20{id}",
    "parameter": "{id};v=1",
    "quotes": "%22{id}%22",
    "a list": "{id},{id}",
    "two slashes": "{id}//",
    "one level more": "{id}/title",
    "one level up and down": "%2e%2e/tasks/{id}",
}
INVALID = {
    "0": "0",
    "-1": "-1",
    "007": "007",
    "two to the 63": str(2**63),
    "19 nines": "9" * 19,
    "20 digits": "1" * 20,
    "5000 digits": "1" * 5000,
    "a word": "abc",
    "null": "null",
    "a point": "%2e",
    "two points": "%2e%2e",
    "no UTF-8": "%FF",
    "a surrogate": "%ED%A0%80",
    "an emoji": "%F0%9F%98%80",
    "NUL": "%00",
    "space": "%20",
    "a percent sign": "%",
}


@pytest.mark.parametrize("text", NON_CANONICAL.values(), ids=NON_CANONICAL)
def test_id_has_one_canonical_form(
    ann: Client, task: dict[str, Any], text: str
) -> None:
    response = ann.get(f"tasks/{text.format(id=task['id'])}")

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("digits", [ARABIC, FULLWIDTH], ids=["Arabic", "full-width"])
def test_id_rejects_digits_of_other_scripts(
    ann: Client, task: dict[str, Any], digits: dict[int, str]
) -> None:
    response = ann.get(f"tasks/{str(task['id']).translate(digits)}")

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_invalid_id_returns_404(ann: Client, text: str) -> None:
    response = ann.get(f"tasks/{text}")

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 19, "1" * 20])
def test_id_out_of_range_returns_404_for_every_method(
    ann: Client, method: str, number: str
) -> None:
    response = ann.call(method, f"tasks/{number}", json={"title": "Tea"})

    assert_problem(response, 404, "not-found")


def test_largest_id_is_accepted(ann: Client) -> None:
    response = ann.get(f"tasks/{2**63 - 1}")

    assert_problem(response, 404, "not-found")
