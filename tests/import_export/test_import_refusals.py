"""A file with anything wrong in it changes nothing, and every bad line is named."""

import json
from typing import Any

import pytest

from tests.import_export.files import (
    CSV,
    JSONL,
    bring,
    brought,
    faults_by_line,
    numbers,
    one_database,
    written,
)
from tests.support import Client, refused

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
    "nobody's child": (b'{"title": "a", "parent_id": 7}', "#/parent_id", "not-found"),
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


@one_database
@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named_and_nothing_comes_in(ann: Client, name: str) -> None:
    line, pointer, code = BAD_LINES[name]
    good = json.dumps(GOOD).encode()

    answer = bring(ann, b"\n".join([good, line, good]))

    assert faults_by_line(answer) == {(2, pointer): code}
    refused(answer, 422, "validation-error")
    assert numbers(ann) == 0


@one_database
@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_refused_at_its_line(ann: Client, name: str) -> None:
    table, place, code = BAD_TABLES[name]

    answer = bring(ann, table, CSV)

    found = faults_by_line(answer)
    assert place[0] in {line for line, _ in found}
    assert code == "any" or found == {place: code}
    assert numbers(ann) == 0


@one_database
def test_line_7031_of_many_is_named(ann: Client) -> None:
    lines = [GOOD] * 7030 + [{"title": ""}] + [GOOD] * 10 + [{"titel": "Sow"}]

    answer = bring(ann, written(*lines))

    assert faults_by_line(answer) == {
        (7031, "#/title"): "length",
        (7042, "#/title"): "required",
        (7042, "#/titel"): "unknown",
    }
    assert numbers(ann) == 0


@one_database
def test_no_more_than_a_thousand_bad_lines_are_named(ann: Client) -> None:
    answer = bring(ann, b"{\n" * 1500)

    assert max(line for line, _ in faults_by_line(answer)) == 1000


def test_ids_and_external_ids_stand_once_in_a_file(ann: Client) -> None:
    first = GOOD | {"id": 1, "external_id": "a"}
    file = written(first, first | {"id": 2}, first | {"external_id": "b"})

    answer = bring(ann, file)

    found = {(2, "#/external_id"): "repeated", (3, "#/id"): "repeated"}
    assert faults_by_line(answer) == found
    assert "Line 1" in answer.json["errors"][0]["message"]


def test_circles_and_what_hangs_on_them_are_named(ann: Client) -> None:
    parents = {1: 2, 2: 3, 3: 1, 4: 3, 5: None}
    tasks = [GOOD | {"id": own, "parent_id": up} for own, up in parents.items()]

    answer = bring(ann, written(*tasks))

    circle = {(line, "#/parent_id"): "parent-cycle" for line in (1, 2, 3, 4)}
    assert faults_by_line(answer) == circle


def chain(length: int) -> list[dict[str, Any]]:
    """Return tasks each below the one after it."""
    ups = [*range(2, length + 1), None]
    return [GOOD | {"id": n, "parent_id": up} for n, up in enumerate(ups, 1)]


def test_ten_levels_are_the_most(ann: Client) -> None:
    answer = bring(ann, written(*chain(12)))

    deep = {(line, "#/parent_id"): "parent-too-deep" for line in (1, 2)}
    assert faults_by_line(answer) == deep
    assert brought(ann, written(*chain(10)))["created"] == 10


def test_what_is_there_counts_for_the_depth(ann: Client) -> None:
    there = [*chain(9), GOOD | {"id": 10, "parent_id": 1, "external_id": "tenth"}]
    brought(ann, written(*there))
    tenth = GOOD | {"id": 1, "external_id": "tenth"}

    answer = bring(ann, written(tenth, GOOD | {"parent_id": 1}))

    assert faults_by_line(answer) == {(2, "#/parent_id"): "parent-too-deep"}


def test_ids_of_the_service_mean_nothing_in_a_file(ann: Client, bob: Client) -> None:
    theirs = ann.make_task()["id"]

    own = brought(bob, written(GOOD | {"id": theirs}))
    foreign = bring(bob, written(GOOD | {"parent_id": theirs}))

    assert own == {"created": 1, "skipped": 0, "truncated": []}
    assert faults_by_line(foreign) == {(1, "#/parent_id"): "not-found"}
    assert numbers(ann) == 1


@one_database
@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "application/zip", ""]
)
def test_a_file_says_what_it_is(ann: Client, media_type: str) -> None:
    refused(bring(ann, "", media_type), 415, "unsupported-media-type")


def test_a_megabyte_is_the_most(ann: Client) -> None:
    refused(bring(ann, b"\n" * (2**20 + 1)), 413, "payload-too-large")


@one_database
def test_ten_thousand_tasks_are_the_most(ann: Client) -> None:
    answer = bring(ann, b'{"title": "Sow"}\n' * 10_001, JSONL, "?dry_run=true")

    assert faults_by_line(answer) == {(10_001, "#"): "length"}
