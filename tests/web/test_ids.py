"""An id in a path is a 64-bit number in plain digits, and anything else is nowhere."""

from typing import Any

import pytest

from tests.support import Client, refused

ARABIC = str.maketrans("0123456789", "".join(chr(0x660 + n) for n in range(10)))
FULLWIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))
SPELLINGS = {
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
NO_IDS = {
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


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_an_id_has_one_spelling(
    ann: Client, task: dict[str, Any], spelling: str
) -> None:
    answer = ann.get(f"tasks/{spelling.format(id=task['id'])}")

    refused(answer, 404, "not-found")


@pytest.mark.parametrize("digits", [ARABIC, FULLWIDTH], ids=["Arabic", "full-width"])
def test_an_id_is_not_written_in_other_digits(
    ann: Client, task: dict[str, Any], digits: dict[int, str]
) -> None:
    answer = ann.get(f"tasks/{str(task['id']).translate(digits)}")

    refused(answer, 404, "not-found")


@pytest.mark.parametrize("spelling", NO_IDS.values(), ids=NO_IDS)
def test_what_is_no_id_is_not_found(ann: Client, spelling: str) -> None:
    answer = ann.get(f"tasks/{spelling}")

    refused(answer, 404, "not-found")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 19, "1" * 20])
def test_a_number_out_of_range_is_not_found_by_any_method(
    ann: Client, method: str, number: str
) -> None:
    answer = ann.call(method, f"tasks/{number}", json={"title": "Tea"})

    refused(answer, 404, "not-found")


def test_the_largest_id_is_an_id(ann: Client) -> None:
    answer = ann.get(f"tasks/{2**63 - 1}")

    refused(answer, 404, "not-found")
