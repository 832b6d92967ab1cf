"""Line and column of `malformed-json`."""

import pytest

from tests.helpers.client import Client, assert_problem

PLACES: dict[str, tuple[bytes, tuple[int, int]]] = {
    "empty": (b"", (1, 1)),
    "a comma too many": (b'{\n  "title": "Tea",\n}', (3, 1)),
    "a word": (b'{"title": Tea}', (1, 11)),
    "two documents": (b'{"title": "a"}\n{}', (2, 1)),
    "a name twice": (b'{"title": "a",\n "tags": [],\n "title": "b"}', (3, 2)),
    "a name twice, inside": (b'{"tags": [{"a": 1, "b": {}, "a": 1}]}', (1, 29)),
    "the same name elsewhere": (b'{"tags": [{"a": 1}, {"a": 1, "a": 2}]}', (1, 30)),
    "NaN": (b'{"title": "NaN",\n"id": NaN}', (2, 7)),
    "21 digits": (
        b'{"title": "' + b"1" * 21 + b'", "id": ' + b"1" * 21 + b"}",
        (1, 42),
    ),
    "33 levels": (b'{"title": ' + b"[" * 32 + b"]" * 32 + b"}", (1, 42)),
    "100,000 levels": (b"\n" + b"[" * 100_000, (2, 33)),
    "10,001 values": (b"[" + b"1," * 9_999 + b"\n1]", (2, 1)),
    "other bytes": (b'{"title":\n "\xc3\xa4 K\xe4se"}', (2, 6)),
    "a control character": (b'{"title": "a\tb"}', (1, 13)),
}
BODIES = [
    ("POST", "tasks"),
    ("POST", "tasks/bulk"),
    ("PATCH", "users/me"),
    ("POST", "auth/login"),
    ("POST", "auth/register"),
    ("POST", "api-keys"),
]


@pytest.mark.one_database
@pytest.mark.parametrize("name", PLACES)
def test_malformed_json_error_has_line_and_column(ann: Client, name: str) -> None:
    body, place = PLACES[name]

    response = ann.call(
        "POST", "tasks", data=body, headers={"Content-Type": "application/json"}
    )

    problem = assert_problem(response, 400, "malformed-json")
    assert (problem["line"], problem["column"]) == place


@pytest.mark.one_database
@pytest.mark.parametrize(("method", "path"), BODIES)
def test_every_json_operation_reports_line_and_column(
    ann: Client, method: str, path: str
) -> None:
    headers = {"Content-Type": "application/json"}

    response = ann.call(method, path, data=b'{\n"a": }', headers=headers)

    problem = assert_problem(response, 400, "malformed-json")
    assert (problem["line"], problem["column"]) == (2, 6)
