"""`on_long=cut` truncates texts that are too long, and the response lists them."""

import json
from typing import Any

import pytest

from tests.helpers.client import Client, field_errors
from tests.import_export.files import (
    CSV,
    JSONL,
    exported_tasks,
    json_lines,
    send_file,
    task_count,
)

pytestmark = pytest.mark.one_database
LONG: dict[str, Any] = {
    "title": "one\r\ntwo\t" + "x" * 300,
    "description": "y" * 10_001,
    "tags": ["z" * 51, "garden"],
}


def test_long_texts_are_rejected_by_default(ann: Client) -> None:
    response = send_file(ann, json_lines(LONG))

    assert {e["pointer"] for e in response.json["errors"]} == {
        "#/title",
        "#/description",
        "#/tags/0",
    }


def test_long_texts_are_truncated_and_listed(ann: Client) -> None:
    short = {"title": "Dig", "tags": ["garden"]}

    response = send_file(ann, json_lines(short, LONG), query="?on_long=cut")

    names = ["title", "description", "tags"]
    assert response.json == {
        "created": 2,
        "skipped": 0,
        "truncated": [{"line": 2, "fields": names}],
    }
    task = exported_tasks(ann)[1]
    assert task["title"] == "one two " + "x" * 247
    assert task["description"] == "y" * 10_000
    assert task["tags"] == ["garden", "z" * 50]


def test_cells_with_line_breaks_and_of_any_length_are_truncated(ann: Client) -> None:
    table = 'title,description\n"a\nb",' + "y" * 200_000 + "\n"

    response = send_file(ann, table, CSV, query="?on_long=cut")

    fields = ["title", "description"]
    assert response.json["truncated"] == [{"line": 2, "fields": fields}]
    assert (
        exported_tasks(ann)[0]["title"],
        len(exported_tasks(ann)[0]["description"]),
    ) == ("a b", 10_000)


def test_dry_run_lists_truncated_lines(ann: Client) -> None:
    response = send_file(ann, json_lines(LONG), query="?on_long=cut&dry_run=true")

    assert response.json["truncated"][0]["line"] == 1
    assert task_count(ann) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("external_id", "x" * 201), ("title", " "), ("title", "a\0"), ("tags", ["a,b"])],
)
def test_other_errors_are_rejected_with_on_long(
    ann: Client, field: str, value: Any
) -> None:
    response = send_file(
        ann, json_lines({"title": "a"} | {field: value}), query="?on_long=cut"
    )

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"].startswith(f"#/{field}")


def test_other_values_of_on_long_are_rejected(ann: Client) -> None:
    assert field_errors(send_file(ann, "", query="?on_long=wrap")) == {
        "on_long": "choice"
    }


@pytest.mark.parametrize(
    "line", ["[]", "null", '{"title": 1, "tags": 2}', '{"tags": [1]}']
)
def test_on_long_does_not_change_errors_of_other_types(ann: Client, line: str) -> None:
    plain = send_file(ann, line, JSONL)
    truncated = send_file(ann, line, JSONL, query="?on_long=cut")

    assert json.dumps(truncated.json["errors"]) == json.dumps(plain.json["errors"])
