"""The file of all tasks, in pieces."""

import csv
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import exc

from taskapi.import_export.export import PAGE_SIZE
from tests.backstage import hearing
from tests.import_export.files import brought, one_database, read, taken, written
from tests.support import Client, faults

COLUMNS = [
    "id",
    "parent_id",
    "external_id",
    "title",
    "description",
    "status",
    "priority",
    "due_date",
    "tags",
    "completed_at",
    "created_at",
    "updated_at",
]


@pytest.fixture
def many(ann: Client) -> Client:
    """Return Ann with more tasks than one piece has, all made in one moment."""
    tasks = [{"title": f"Task {number}"} for number in range(2 * PAGE_SIZE + 1)]
    brought(ann, written(*tasks))
    return ann


def test_every_task_comes_once_in_the_order_of_its_making(many: Client) -> None:
    titles = [line["title"] for line in read(taken(many))]

    assert titles == [f"Task {number}" for number in range(2 * PAGE_SIZE + 1)]


def test_it_is_a_stream_of_lines_to_be_saved(ann: Client) -> None:
    answer = ann.get("users/me/export")

    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tasks.jsonl"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Length" not in answer.headers


def test_an_empty_table_still_names_its_columns(ann: Client) -> None:
    answer = ann.get("users/me/export?format=csv")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.text == ",".join(COLUMNS) + "\r\n"


def test_a_line_has_these_fields(ann: Client) -> None:
    ann.make_task()

    (line,) = read(taken(ann))

    assert list(line) == COLUMNS


@one_database
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "'="])
def test_no_cell_begins_like_a_formula(ann: Client, sign: str) -> None:
    ann.make_task(title=f"{sign}1", description=f"{sign}1", external_id=f"{sign}1")

    (row,) = csv.DictReader(StringIO(taken(ann, "csv"), newline=""))

    cells = {row[name] for name in ("title", "description", "external_id")}
    assert cells == {f"'{sign}1"}


@one_database
@pytest.mark.parametrize("sign", ["\t", "\r", "\n"])
def test_no_text_begins_with_a_sign_that_spreadsheets_skip(
    ann: Client, sign: str
) -> None:
    ann.make_task(description=f"{sign}=1")

    (row,) = csv.DictReader(StringIO(taken(ann, "csv"), newline=""))

    assert row["description"] == f"'{sign}'=1"


def test_another_format_is_refused(ann: Client) -> None:
    assert faults(ann.get("users/me/export?format=xml")) == {"format": "choice"}


def test_head_reads_no_more_than_it_must(many: Client, statements: list[str]) -> None:
    answer = many.call("HEAD", "users/me/export")

    pages = [text for text in statements if "FROM tasks" in text]
    assert (answer.status_code, answer.data, len(pages)) == (200, b"", 1)


def test_what_fails_midway_does_not_end_like_a_whole_file(
    app: Flask, many: Client
) -> None:
    answer = many.get("users/me/export")

    def fail(_statement: str, _values: object = None) -> None:
        raise exc.OperationalError("", None, OSError("gone"))

    with hearing(app, fail), pytest.raises(exc.OperationalError):
        b"".join(answer.iter_encoded())


def test_a_database_that_is_gone_at_once_is_told(app: Flask, many: Client) -> None:
    seen: list[str] = []

    def fail(statement: str, _values: object = None) -> None:
        seen.append(statement)
        if "tasks" in statement:
            raise exc.OperationalError("", None, OSError("gone"))

    with hearing(app, fail):
        answer = many.get("users/me/export")

    assert answer.status_code == 503


def test_who_reads_slowly_holds_no_connection(app: Flask, many: Client) -> None:
    pieces = many.get("users/me/export").iter_encoded()
    next(pieces)

    with app.app_context():
        busy = app.extensions["sqlalchemy"].engine.pool.checkedout()

    assert busy == 0


@one_database
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/x-ndjson"),
        ("*/*", "application/x-ndjson"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/jsonl;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/html", "application/x-ndjson"),
    ],
)
def test_export_honours_accept(ann: Client, accept: str, media_type: str) -> None:
    response = ann.get("users/me/export", headers={"Accept": accept})

    assert response.content_type == media_type
    assert "Accept" in response.headers["Vary"]


@one_database
def test_export_begins_csv_with_a_byte_order_mark_on_request(ann: Client) -> None:
    response = ann.get("users/me/export?format=csv&bom=true")

    assert response.data.startswith(b"\xef\xbb\xbfid,")
    assert faults(ann.get("users/me/export?bom=true")) == {"bom": "conflict"}


@one_database
@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "; "])
def test_formulas_inside_of_cells_are_neutralised(ann: Client, separator: str) -> None:
    text = f"a{separator}=1"
    ann.make_task(description=text)

    table = taken(ann, "csv")

    (row,) = csv.DictReader(StringIO(table, newline=""))
    assert row["description"] == f"a{separator}'=1"
    brought(ann, table, "text/csv")
    assert {line["description"] for line in read(taken(ann))} == {text}
