"""Export of all tasks of an account."""

import csv
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import exc

from taskapi.import_export.export import PAGE_SIZE
from tests.helpers.client import Client, field_errors
from tests.helpers.statements import record_statements
from tests.import_export.files import export_file, import_file, json_lines, parse_lines

COMPUTED = {
    "owner_id",
    "is_overdue",
    "progress",
    "subtask_count",
    "deleted_at",
    "version",
}


@pytest.fixture
def many(ann: Client) -> Client:
    """Return a client with more than two pages of tasks of one creation time."""
    tasks = [{"title": f"Task {number}"} for number in range(2 * PAGE_SIZE + 1)]
    import_file(ann, json_lines(*tasks))
    return ann


def test_export_has_each_task_once_in_order_of_creation(many: Client) -> None:
    titles = [line["title"] for line in parse_lines(export_file(many))]

    assert titles == [f"Task {number}" for number in range(2 * PAGE_SIZE + 1)]


def test_export_is_streamed_as_a_download(ann: Client) -> None:
    response = ann.get("users/me/export")

    assert response.content_type == "application/x-ndjson"
    assert (
        response.headers["Content-Disposition"] == 'attachment; filename="tasks.jsonl"'
    )
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Length" not in response.headers


def test_empty_csv_export_has_a_header(ann: Client) -> None:
    response = ann.get("users/me/export?format=csv")

    assert response.content_type == "text/csv; charset=utf-8"
    assert response.text.startswith("id,project_id,assignee_id,parent_id,")
    assert response.text.endswith("\r\n")
    assert response.text.count("\n") == 1


def test_exported_line_has_all_stored_fields(ann: Client) -> None:
    task = ann.create_task()
    header = ann.get("users/me/export?format=csv").text.partition("\r\n")[0]

    (line,) = parse_lines(export_file(ann))

    assert line.keys() == task.keys() - COMPUTED
    assert header == ",".join(line)


@pytest.mark.one_database
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "'="])
def test_csv_cell_never_begins_with_a_formula(ann: Client, sign: str) -> None:
    ann.create_task(title=f"{sign}1", description=f"{sign}1", external_id=f"{sign}1")

    (row,) = csv.DictReader(StringIO(export_file(ann, "csv"), newline=""))

    cells = {row[name] for name in ("title", "description", "external_id")}
    assert cells == {f"'{sign}1"}


@pytest.mark.one_database
@pytest.mark.parametrize("sign", ["\t", "\r", "\n"])
def test_csv_cell_never_begins_with_whitespace_before_a_formula(
    ann: Client, sign: str
) -> None:
    ann.create_task(description=f"{sign}=1")

    (row,) = csv.DictReader(StringIO(export_file(ann, "csv"), newline=""))

    assert row["description"] == f"'{sign}'=1"


def test_unknown_format_is_rejected(ann: Client) -> None:
    assert field_errors(ann.get("users/me/export?format=xml")) == {"format": "choice"}


def test_head_request_reads_one_page(many: Client, statements: list[str]) -> None:
    response = many.call("HEAD", "users/me/export")

    pages = [text for text in statements if "FROM tasks" in text]
    assert (response.status_code, response.data, len(pages)) == (200, b"", 1)


def test_export_that_fails_midway_is_visibly_incomplete(
    app: Flask, many: Client
) -> None:
    response = many.get("users/me/export", buffered=False)

    def fail(_statement: str, _values: object = None) -> None:
        raise exc.OperationalError("", None, OSError("closed"))

    with record_statements(app, fail), pytest.raises(exc.OperationalError):
        b"".join(response.iter_encoded())


def test_export_returns_503_without_a_database(app: Flask, many: Client) -> None:
    seen: list[str] = []

    def fail(statement: str, _values: object = None) -> None:
        seen.append(statement)
        if "tasks" in statement:
            raise exc.OperationalError("", None, OSError("closed"))

    with record_statements(app, fail):
        response = many.get("users/me/export")

    assert response.status_code == 503


def test_export_to_a_slow_client_occupies_no_connection(
    app: Flask, many: Client
) -> None:
    pieces = many.get("users/me/export", buffered=False).iter_encoded()
    next(pieces)

    with app.app_context():
        busy = app.extensions["sqlalchemy"].engine.pool.checkedout()

    assert busy == 0


@pytest.mark.one_database
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
def test_export_format_follows_accept(
    ann: Client, accept: str, media_type: str
) -> None:
    response = ann.get("users/me/export", headers={"Accept": accept})

    assert response.content_type == media_type
    assert "Accept" in response.headers["Vary"]


@pytest.mark.one_database
def test_export_begins_csv_with_a_byte_order_mark_on_request(ann: Client) -> None:
    ann.create_task()

    table = ann.get("users/me/export?format=csv&bom=true").data
    lines = ann.get("users/me/export?format=jsonl&bom=true").data

    assert table.startswith(b"\xef\xbb\xbfid,")
    assert lines.startswith(b"{")


@pytest.mark.one_database
@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "; "])
def test_formulas_inside_cells_are_neutralized(ann: Client, separator: str) -> None:
    text = f"a{separator}=1"
    ann.create_task(description=text)

    table = export_file(ann, "csv")

    (row,) = csv.DictReader(StringIO(table, newline=""))
    assert row["description"] == f"a{separator}'=1"
    import_file(ann, table, "text/csv")
    assert {line["description"] for line in parse_lines(export_file(ann))} == {text}
