"""Rejected imports: errors name each invalid line, and nothing is imported."""

import json
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.import_export.files import (
    CSV,
    JSONL,
    errors_by_line,
    import_file,
    json_lines,
    send_file,
    task_count,
)

GOOD: dict[str, Any] = {"title": "Sow"}
SURROGATE = b'{"title": "\\ud800"}'
LATIN = '{"title": "Käse"}'.encode("latin-1")
BAD_LINES: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"{", "#", "malformed-json"),
    "no object": (b"[]", "#", "type"),
    "null": (b"null", "#", "type"),
    "two documents": (b"{} {}", "#", "malformed-json"),
    "a name twice": (b'{"title": "a", "title": "b"}', "#", "malformed-json"),
    "deep": (b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}", "#", "malformed-json"),
    "a huge number": (b'{"id": ' + b"9" * 5000 + b"}", "#", "malformed-json"),
    "other bytes": (LATIN, "#", "characters"),
    "half a character": (SURROGATE, "#/title", "characters"),
    "NUL": (b'{"title": "\\u0000"}', "#/title", "characters"),
    "bare NUL": (b"\0", "#", "malformed-json"),
    "no title": (b"{}", "#/title", "required"),
    "long": (b'{"title": "' + b"x" * 256 + b'"}', "#/title", "length"),
    "a huge line": (b'{"title": "' + b"x" * 300_000 + b'"}', "#/title", "length"),
    "strange": (b'{"title": "a", "colour": 1}', "#/colour", "unknown"),
    "read-only": (b'{"title": "a", "version": 1}', "#/version", "read-only"),
    "nested": (b'{"title": "a", "subtasks": []}', "#/subtasks", "unknown"),
    "a fraction as id": (b'{"title": "a", "id": 1.0}', "#/id", "type"),
    "a flag as id": (b'{"title": "a", "id": true}', "#/id", "type"),
    "a long id": (b'{"title": "a", "id": "' + b"x" * 201 + b'"}', "#/id", "length"),
    "a bad tag": (b'{"title": "a", "tags": ["b", ""]}', "#/tags/1", "length"),
    "open but done": (
        b'{"title": "a", "completed_at": "2026-01-01T00:00:00Z"}',
        "#/completed_at",
        "conflict",
    ),
    "unknown parent": (b'{"title": "a", "parent_id": 7}', "#/parent_id", "not-found"),
    "its own child": (
        b'{"title": "a", "id": 1, "parent_id": 1}',
        "#/parent_id",
        "parent-cycle",
    ),
}
BAD_TABLES: dict[str, tuple[bytes, tuple[int, str], str]] = {
    "nothing": (b"", (1, "#"), "required"),
    "an unknown column": (b"title,colour\r\na,b\r\n", (1, "#/colour"), "unknown"),
    "a column twice": (b"title,title\r\na,b\r\n", (1, "#/title"), "repeated"),
    "very many columns": (b"title," * 100_000 + b"id", (1, "#/title"), "repeated"),
    "no title": (b"id\r\n1\r\n", (2, "#/title"), "required"),
    "an open quote": (b'title\r\nSow\r\n"Dig\r\nx\r\n', (3, "#"), "malformed-csv"),
    "an open quote at the top": (b'"title\r\nSow\r\n', (1, "#"), "malformed-csv"),
    "a stray quote": (b'title\r\n"Dig"x\r\n', (2, "#"), "malformed-csv"),
    "a huge cell": (b'title\r\n"' + b"x" * 200_000 + b'"\n', (2, "#/title"), "length"),
    "a cell too many": (b"title\r\nSow,Dig\r\n", (2, "#"), "length"),
    "a cell too few": (b"title,tags\r\nSow\r\n", (2, "#"), "length"),
    "a line of two": (b'title\r\n"a\nb"\r\n', (2, "#/title"), "control"),
    "after one of two": (
        b'title,description\r\nSow,"a\r\nb"\r\n,\r\n"",x\r\n',
        (5, "#/title"),
        "required",
    ),
    "a long id": (b"id,title\r\n" + b"1" * 201 + b",Sow\r\n", (2, "#/id"), "length"),
    "other bytes": (b"title\r\nK\xe4se\r\n", (2, "#/title"), "characters"),
    "NUL": (b"title\r\nK\0se\r\n", (2, "#/title"), "characters"),
    "UTF-16 without a mark": ("title\nSow".encode("utf-16-le"), (1, "#"), "characters"),
    "another separator": (b"title|tags\nSow|a\n", (1, "#"), "malformed-csv"),
    "another named separator": (b"sep=|\ntitle|tags\n", (1, "#"), "malformed-csv"),
}


@pytest.mark.one_database
@pytest.mark.parametrize("name", BAD_LINES)
def test_invalid_line_is_reported_and_nothing_is_imported(
    ann: Client, name: str
) -> None:
    line, pointer, code = BAD_LINES[name]
    good = json.dumps(GOOD).encode()

    response = send_file(ann, b"\n".join([good, line, good]))

    assert errors_by_line(response) == {(2, pointer): code}
    assert_problem(response, 422, "validation-error")
    assert task_count(ann) == 0


@pytest.mark.one_database
@pytest.mark.parametrize("name", BAD_TABLES)
def test_invalid_csv_is_rejected_with_its_line(ann: Client, name: str) -> None:
    table, place, code = BAD_TABLES[name]

    response = send_file(ann, table, CSV)

    found = errors_by_line(response)
    assert place[0] in {line for line, _ in found}
    assert code == "any" or found == {place: code}
    assert task_count(ann) == 0


@pytest.mark.one_database
def test_error_far_into_a_file_has_its_line_number(ann: Client) -> None:
    lines = [GOOD] * 7030 + [{"title": ""}] + [GOOD] * 10 + [{"titel": "Sow"}]

    response = send_file(ann, json_lines(*lines))

    assert errors_by_line(response) == {
        (7031, "#/title"): "length",
        (7042, "#/title"): "required",
        (7042, "#/titel"): "unknown",
    }
    assert task_count(ann) == 0


@pytest.mark.one_database
def test_at_most_a_thousand_invalid_lines_are_reported(ann: Client) -> None:
    response = send_file(ann, b"{\n" * 1500)

    assert max(line for line, _ in errors_by_line(response)) == 1000


def test_ids_are_unique_within_a_file(ann: Client) -> None:
    first = GOOD | {"id": 1, "external_id": "a"}
    file = json_lines(first, first | {"id": 2}, first | {"external_id": "b"})

    response = send_file(ann, file)

    found = {(2, "#/external_id"): "repeated", (3, "#/id"): "repeated"}
    assert errors_by_line(response) == found
    assert "Line 1" in response.json["errors"][0]["message"]


def test_cycles_and_their_descendants_are_rejected(ann: Client) -> None:
    parents = {1: 2, 2: 3, 3: 1, 4: 3, 5: None}
    tasks = [GOOD | {"id": own, "parent_id": up} for own, up in parents.items()]

    response = send_file(ann, json_lines(*tasks))

    cycle = {(line, "#/parent_id"): "parent-cycle" for line in (1, 2, 3, 4)}
    assert errors_by_line(response) == cycle


def chain(length: int) -> list[dict[str, Any]]:
    """Return tasks that are each a child of the next one."""
    ups = [*range(2, length + 1), None]
    return [GOOD | {"id": n, "parent_id": up} for n, up in enumerate(ups, 1)]


def test_tree_of_more_than_ten_levels_is_rejected(ann: Client) -> None:
    response = send_file(ann, json_lines(*chain(12)))

    deep = {(line, "#/parent_id"): "parent-too-deep" for line in (1, 2)}
    assert errors_by_line(response) == deep
    assert import_file(ann, json_lines(*chain(10)))["created"] == 10


def test_depth_includes_existing_ancestors(ann: Client) -> None:
    there = [*chain(9), GOOD | {"id": 10, "parent_id": 1, "external_id": "tenth"}]
    import_file(ann, json_lines(*there))
    tenth = GOOD | {"id": 1, "external_id": "tenth"}

    response = send_file(ann, json_lines(tenth, GOOD | {"parent_id": 1}))

    assert errors_by_line(response) == {(2, "#/parent_id"): "parent-too-deep"}


def test_ids_in_a_file_do_not_refer_to_stored_tasks(ann: Client, bob: Client) -> None:
    theirs = ann.create_task()["id"]

    own = import_file(bob, json_lines(GOOD | {"id": theirs}))
    foreign = send_file(bob, json_lines(GOOD | {"parent_id": theirs}))

    assert own == {"created": 1, "skipped": 0, "truncated": []}
    assert errors_by_line(foreign) == {(1, "#/parent_id"): "not-found"}
    assert task_count(ann) == 1


@pytest.mark.one_database
@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "application/zip", ""]
)
def test_other_media_types_are_rejected(ann: Client, media_type: str) -> None:
    assert_problem(send_file(ann, "", media_type), 415, "unsupported-media-type")


def test_file_of_more_than_a_mebibyte_is_rejected(ann: Client) -> None:
    assert_problem(send_file(ann, b"\n" * (2**20 + 1)), 413, "payload-too-large")


@pytest.mark.one_database
def test_file_of_more_than_ten_thousand_tasks_is_rejected(ann: Client) -> None:
    response = send_file(ann, b'{"title": "Sow"}\n' * 10_001, JSONL, "?dry_run=true")

    assert errors_by_line(response) == {(10_001, "#"): "length"}
