"""Due dates: accepted formats, and validation."""

import pytest

from tests.helpers.client import Client, assert_problem, field_errors

ARABIC = "\N{ARABIC-INDIC DIGIT TWO}\N{ARABIC-INDIC DIGIT ZERO}26-12-24"
FULLWIDTH = "2026-12-2\N{FULLWIDTH DIGIT FOUR}"

VALID = {
    "a day": ("2026-12-24", "2026-12-24"),
    "a leap day": ("2028-02-29", "2028-02-29"),
    "the first day": ("1970-01-01", "1970-01-01"),
    "the last day": ("9998-12-31", "9998-12-31"),
    "UTC": ("2026-12-24T18:00:00Z", "2026-12-24T18:00:00Z"),
    "zero offset": ("2026-12-24T18:00:00+00:00", "2026-12-24T18:00:00Z"),
    "unknown offset": ("2026-12-24T18:00:00-00:00", "2026-12-24T18:00:00Z"),
    "east": ("2026-12-24T18:00:00+02:00", "2026-12-24T16:00:00Z"),
    "west": ("2026-12-24T18:00:00-05:30", "2026-12-24T23:30:00Z"),
    "into the next year": ("2026-12-31T23:00:00-14:00", "2027-01-01T13:00:00Z"),
    "offset without colon": ("2026-12-24T18:00:00+0100", "2026-12-24T17:00:00Z"),
    "zero offset without colon": ("2026-12-24T18:00:00+0000", "2026-12-24T18:00:00Z"),
    "lower case": ("2026-12-24t18:00:00.5z", "2026-12-24T18:00:00.500000Z"),
    "widest offset": ("2026-12-24T18:00:00+23:59", "2026-12-23T18:01:00Z"),
    "microseconds": ("2026-12-24T18:00:00.123456Z", "2026-12-24T18:00:00.123456Z"),
    "one microsecond": ("2026-12-24T18:00:00.000001Z", "2026-12-24T18:00:00.000001Z"),
    "no fraction": ("2026-12-24T18:00:00.000Z", "2026-12-24T18:00:00Z"),
    "nanoseconds": ("2026-12-24T18:00:00.123456789Z", "2026-12-24T18:00:00.123456Z"),
    "the first timestamp": ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    "the last timestamp": (
        "9998-12-31T23:59:59.999999Z",
        "9998-12-31T23:59:59.999999Z",
    ),
}
INVALID = {
    "empty": "",
    "a word": "tomorrow",
    "year 1": "0001-01-01",
    "year 1, timestamp": "0001-01-01T00:00:00Z",
    "year 0 in UTC": "0001-01-01T00:00:00+14:00",
    "year 1969": "1969-12-31",
    "year 1969 in UTC": "1970-01-01T00:00:00+00:01",
    "1970 only in UTC": "1969-12-31T23:59:59-00:01",
    "year 9999": "9999-12-31",
    "year 9999 in UTC": "9998-12-31T23:59:59-14:00",
    "five digits": "10000-01-01",
    "hour 24": "2026-12-24T24:00:00Z",
    "minute 60": "2026-12-24T18:60:00Z",
    "second 60": "2026-12-31T23:59:60Z",
    "offset of a day": "2026-12-24T18:00:00+24:00",
    "offset minute 60": "2026-12-24T18:00:00+02:60",
    "offset with one digit": "2026-12-24T18:00:00+2:00",
    "offset of hours only": "2026-12-24T18:00:00+02",
    "no offset": "2026-12-24T18:00:00",
    "no seconds": "2026-12-24T18:00Z",
    "no digits after the point": "2026-12-24T18:00:00.Z",
    "comma": "2026-12-24T18:00:00,5Z",
    "month 13": "2026-13-01",
    "30 February": "2026-02-30",
    "29 February of a common year": "2026-02-29",
    "week date": "2026-W52-4",
    "ordinal date": "2026-358",
    "basic format": "20261224",
    "Arabic digits": ARABIC,
    "full-width digits": FULLWIDTH,
    "space for T": "2026-12-24 18:00:00Z",
    "space before": " 2026-12-24",
    "newline after": "2026-12-24\n",
    "newline after a timestamp": "2026-12-24T18:00:00Z\n",
    "NUL after": "2026-12-24\0",
    "an epoch": 1_798_135_200,
    "true": True,
    "a list": ["2026-12-24"],
    "an object": {"day": "2026-12-24"},
}


@pytest.mark.parametrize(("given", "expected"), VALID.values(), ids=VALID)
def test_due_date_is_returned_in_its_form(
    ann: Client, given: str, expected: str
) -> None:
    created = ann.create_task(due_date=given)

    read = ann.get(f"tasks/{created['id']}").json

    assert created["due_date"] == expected
    assert read["due_date"] == expected


@pytest.mark.one_database
@pytest.mark.parametrize("given", INVALID.values(), ids=INVALID)
def test_invalid_due_date_is_rejected(ann: Client, given: object) -> None:
    response = ann.post("tasks", {"title": "Tea", "due_date": given})

    assert field_errors(response) == {"#/due_date": "format"}
    assert ann.get("tasks").json["items"] == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    "given", ["2026-02-30", "2027-02-29T18:00:00Z", "2026-04-31", "2026-13-01"]
)
def test_error_of_a_missing_date_says_that_it_does_not_exist(
    ann: Client, given: str
) -> None:
    response = ann.post("tasks", {"title": "Tea", "due_date": given})

    (error,) = assert_problem(response, 422, "validation-error")["errors"]
    assert (error["code"], error["message"]) == ("format", "The date does not exist.")


@pytest.mark.one_database
@pytest.mark.parametrize("given", ["1969-12-31", "2026-12-24T24:00:00Z", "2026-02-300"])
def test_error_of_another_date_names_the_formats(ann: Client, given: str) -> None:
    response = ann.post("tasks", {"title": "Tea", "due_date": given})

    (error,) = assert_problem(response, 422, "validation-error")["errors"]
    assert error["message"].startswith("Must be a date (YYYY-MM-DD)")


@pytest.mark.one_database
@pytest.mark.parametrize("given", ["2026-02-30", "0001-01-01T00:00:00+14:00"])
def test_invalid_due_date_does_not_replace_another(ann: Client, given: str) -> None:
    task = ann.create_task(due_date="2026-12-24")

    response = ann.patch(f"tasks/{task['id']}", {"due_date": given})

    assert field_errors(response) == {"#/due_date": "format"}
    assert ann.get(f"tasks/{task['id']}").json == task


@pytest.mark.one_database
@pytest.mark.parametrize(
    "parameter",
    [
        f"{name}_{side}"
        for name in ("created", "updated", "completed")
        for side in ("before", "after")
    ],
)
def test_timestamp_filters_reject_dates(ann: Client, parameter: str) -> None:
    response = ann.get(f"tasks?{parameter}=2026-12-24")

    assert field_errors(response) == {parameter: "format"}


@pytest.mark.parametrize(
    "given",
    ["", "2026-12-24T18:00:00", "9998-12-31T23:59:59-14:00"],
    ids=["empty", "no offset", "year 9999 in UTC"],
)
def test_timestamp_filters_accept_offsets(ann: Client, given: str) -> None:
    response = ann.get(f"tasks?due_before={given}")

    assert field_errors(response) == {"due_before": "format"}


@pytest.mark.one_database
def test_decoded_plus_in_a_query_is_explained(ann: Client) -> None:
    response = ann.get("tasks?due_before=2026-12-24T18:00:00+02:00")

    assert field_errors(response) == {"due_before": "format"}
    assert "%2B" in response.json["errors"][0]["hint"]


@pytest.mark.one_database
def test_timestamp_error_in_a_body_does_not_mention_queries(ann: Client) -> None:
    response = ann.post("tasks", {"title": "Tea", "due_date": "2026-12-24 18:00:00Z"})

    assert field_errors(response) == {"#/due_date": "format"}
    assert "query" not in response.text


@pytest.mark.parametrize(
    "offset", ["Z", "z", "%2B00:00", "%2B14:00", "-11:00", "%2B0000", "-1100"]
)
def test_due_filters_accept_any_offset(ann: Client, offset: str) -> None:
    response = ann.get(f"tasks?due_before=2026-12-24T18:00:00{offset}")

    assert (response.status_code, response.json["items"]) == (200, [])
