"""Import of files in the formats that programs and spreadsheets write."""

from io import BytesIO

import pytest

from tests.helpers.client import Client
from tests.import_export.files import (
    CSV,
    JSONL,
    exported_tasks,
    import_file,
    json_lines,
    send_file,
    task_count,
)

BOM = "\ufeff"
SHEETS = {
    "plain": "title,tags\nSow,garden\nDig,\n",
    "Windows": "title,tags\r\nSow,garden\r\nDig,\r\n",
    "byte order mark": f"{BOM}title,tags\r\nSow,garden\r\nDig,\r\n",
    "quoted": '"title","tags"\r\n"Sow","garden"\r\n"Dig",""\r\n',
    "spaces": " title , tags \r\n Sow , garden \r\nDig,\r\n",
    "blank rows": "title,tags\r\n\r\nSow,garden\r\n,\r\nDig,\r\n\r\n",
    "no end": "title,tags\r\nSow,garden\r\nDig,",
    "other order": "tags,title\r\ngarden,Sow\r\n,Dig\r\n",
}
LINES = {
    "plain": '{"title": "Sow"}\n{"title": "Dig"}\n',
    "Windows": '{"title": "Sow"}\r\n{"title": "Dig"}\r\n',
    "byte order mark": BOM + '{"title": "Sow"}\n{"title": "Dig"}\n',
    "blank lines": '\n{"title": "Sow"}\n\n  \n{"title": "Dig"}',
}


def titles(client: Client) -> list[str]:
    return [task["title"] for task in exported_tasks(client)]


@pytest.mark.one_database
@pytest.mark.parametrize("name", SHEETS)
def test_import_reads_csv_of_spreadsheets(ann: Client, name: str) -> None:
    response = import_file(ann, SHEETS[name].encode(), CSV)

    assert response == {"created": 2, "skipped": 0, "truncated": []}
    assert [(task["title"], task["tags"]) for task in exported_tasks(ann)] == [
        ("Sow", ["garden"]),
        ("Dig", []),
    ]


@pytest.mark.one_database
@pytest.mark.parametrize("name", LINES)
def test_import_reads_json_lines_of_programs(ann: Client, name: str) -> None:
    import_file(ann, LINES[name].encode())

    assert titles(ann) == ["Sow", "Dig"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "media_type",
    [JSONL, "application/jsonl", "application/x-ndjson; charset=utf-8", "TEXT/CSV"],
)
def test_import_accepts_each_media_type(ann: Client, media_type: str) -> None:
    assert send_file(ann, "", media_type).status_code in {200, 422}


@pytest.mark.one_database
def test_csv_cell_keeps_line_breaks_and_quotes(ann: Client) -> None:
    import_file(ann, 'title,description\r\nSow,"one\r\n""two"""\r\n', CSV)

    assert exported_tasks(ann)[0]["description"] == 'one\r\n"two"'


@pytest.mark.one_database
def test_import_removes_the_apostrophe_before_a_formula(ann: Client) -> None:
    import_file(ann, "title\r\n'=1\r\n''=1\r\n'1\r\n=1\r\n", CSV)

    assert titles(ann) == ["=1", "'=1", "'1", "=1"]


def test_parent_can_follow_its_subtask(ann: Client) -> None:
    tasks = [
        {"title": "Books", "parent_id": 7},
        {"title": "Pack", "id": 7, "parent_id": 9},
        {"title": "Move", "id": 9},
    ]

    import_file(ann, json_lines(*tasks))

    parents = [(task["title"], task["parent"]) for task in exported_tasks(ann)]
    assert parents == [("Books", "Pack"), ("Pack", "Move"), ("Move", None)]


def test_existing_task_is_kept_and_gets_new_subtasks(
    ann: Client,
) -> None:
    there = ann.create_task(title="Mine", external_id="a")
    file = json_lines(
        {"title": "Theirs", "external_id": "a", "id": 1},
        {"title": "New", "parent_id": 1},
    )

    response = import_file(ann, file)

    assert response == {"created": 1, "skipped": 1, "truncated": []}
    assert ann.get(f"tasks/{there['id']}").json["title"] == "Mine"
    assert ann.get(f"tasks?parent_id={there['id']}").json["items"][0]["title"] == "New"


def test_external_id_of_a_task_in_the_trash_can_be_imported(ann: Client) -> None:
    deleted = ann.create_task(external_id="a")
    ann.delete(f"tasks/{deleted['id']}")

    response = import_file(ann, json_lines({"title": "Sow", "external_id": "a"}))

    assert response == {"created": 1, "skipped": 0, "truncated": []}


def test_dry_run_returns_the_result_and_creates_nothing(ann: Client) -> None:
    ann.create_task(external_id="a")
    file = json_lines({"title": "Sow", "external_id": "a"}, {"title": "Dig"})

    dry = send_file(ann, file, query="?dry_run=true").json

    assert (dry, task_count(ann)) == ({"created": 1, "skipped": 1, "truncated": []}, 1)
    assert import_file(ann, file) == dry


def test_repeated_request_with_a_key_imports_once(ann: Client) -> None:
    headers = {"Idempotency-Key": "monday", "Content-Type": JSONL}
    file = json_lines({"title": "Sow"})

    first = ann.call("POST", "users/me/import", data=file, headers=headers)
    again = ann.call("POST", "users/me/import", data=file, headers=headers)

    assert first.json == again.json == {"created": 1, "skipped": 0, "truncated": []}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert task_count(ann) == 1


def test_import_reads_a_chunked_body(ann: Client) -> None:
    response = ann.call(
        "POST",
        "users/me/import",
        input_stream=BytesIO(json_lines({"title": "Sow"}).encode()),
        environ_overrides={"wsgi.input_terminated": True},
        headers={"Content-Type": JSONL, "Transfer-Encoding": "chunked"},
    )

    assert response.json == {"created": 1, "skipped": 0, "truncated": []}
