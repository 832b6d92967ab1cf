"""Tasks come in as files, in the forms that programs and people make them."""

from io import BytesIO

import pytest

from tests.import_export.files import (
    CSV,
    JSONL,
    bring,
    brought,
    kept,
    numbers,
    one_database,
    written,
)
from tests.support import Client

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
    return [task["title"] for task in kept(client)]


@one_database
@pytest.mark.parametrize("name", SHEETS)
def test_a_table_is_read_as_spreadsheets_write_it(ann: Client, name: str) -> None:
    answer = brought(ann, SHEETS[name].encode(), CSV)

    assert answer == {"created": 2, "skipped": 0, "truncated": []}
    assert [(task["title"], task["tags"]) for task in kept(ann)] == [
        ("Sow", ["garden"]),
        ("Dig", []),
    ]


@one_database
@pytest.mark.parametrize("name", LINES)
def test_lines_are_read_as_programs_write_them(ann: Client, name: str) -> None:
    brought(ann, LINES[name].encode())

    assert titles(ann) == ["Sow", "Dig"]


@one_database
@pytest.mark.parametrize(
    "media_type",
    [JSONL, "application/jsonl", "application/x-ndjson; charset=utf-8", "TEXT/CSV"],
)
def test_a_file_may_be_called_by_each_of_its_names(
    ann: Client, media_type: str
) -> None:
    assert bring(ann, "", media_type).status_code in {200, 422}


@one_database
def test_a_text_keeps_its_lines_and_its_quotes(ann: Client) -> None:
    brought(ann, 'title,description\r\nSow,"one\r\n""two"""\r\n', CSV)

    assert kept(ann)[0]["description"] == 'one\r\n"two"'


@one_database
def test_an_apostrophe_before_a_formula_is_taken_away(ann: Client) -> None:
    brought(ann, "title\r\n'=1\r\n''=1\r\n'1\r\n=1\r\n", CSV)

    assert titles(ann) == ["=1", "'=1", "'1", "=1"]


def test_parents_may_come_later(ann: Client) -> None:
    tasks = [
        {"title": "Books", "parent_id": 7},
        {"title": "Pack", "id": 7, "parent_id": 9},
        {"title": "Move", "id": 9},
    ]

    brought(ann, written(*tasks))

    below = [(task["title"], task["below"]) for task in kept(ann)]
    assert below == [("Books", "Pack"), ("Pack", "Move"), ("Move", None)]


def test_what_is_there_by_its_external_id_stays_and_takes_children(
    ann: Client,
) -> None:
    there = ann.make_task(title="Mine", external_id="a")
    file = written(
        {"title": "Theirs", "external_id": "a", "id": 1},
        {"title": "New", "parent_id": 1},
    )

    answer = brought(ann, file)

    assert answer == {"created": 1, "skipped": 1, "truncated": []}
    assert ann.get(f"tasks/{there['id']}").json["title"] == "Mine"
    assert ann.get(f"tasks?parent_id={there['id']}").json["items"][0]["title"] == "New"


def test_an_external_id_in_the_trash_is_free(ann: Client) -> None:
    gone = ann.make_task(external_id="a")
    ann.delete(f"tasks/{gone['id']}")

    answer = brought(ann, written({"title": "Sow", "external_id": "a"}))

    assert answer == {"created": 1, "skipped": 0, "truncated": []}


def test_a_dry_run_says_the_same_and_changes_nothing(ann: Client) -> None:
    ann.make_task(external_id="a")
    file = written({"title": "Sow", "external_id": "a"}, {"title": "Dig"})

    dry = bring(ann, file, query="?dry_run=true").json

    assert (dry, numbers(ann)) == ({"created": 1, "skipped": 1, "truncated": []}, 1)
    assert brought(ann, file) == dry


def test_a_repeated_request_with_a_key_imports_once(ann: Client) -> None:
    headers = {"Idempotency-Key": "monday", "Content-Type": JSONL}
    file = written({"title": "Sow"})

    first = ann.call("POST", "users/me/import", data=file, headers=headers)
    again = ann.call("POST", "users/me/import", data=file, headers=headers)

    assert first.json == again.json == {"created": 1, "skipped": 0, "truncated": []}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert numbers(ann) == 1


def test_a_file_in_chunks_is_read(ann: Client) -> None:
    answer = ann.call(
        "POST",
        "users/me/import",
        input_stream=BytesIO(written({"title": "Sow"}).encode()),
        environ_overrides={"wsgi.input_terminated": True},
        headers={"Content-Type": JSONL, "Transfer-Encoding": "chunked"},
    )

    assert answer.json == {"created": 1, "skipped": 0, "truncated": []}
