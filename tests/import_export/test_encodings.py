"""Import of other encodings, separators and line ends, and positions of errors."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.import_export.files import (
    CSV,
    JSONL,
    exported_tasks,
    import_file,
    send_file,
    task_count,
)

pytestmark = pytest.mark.one_database
TABLE = "title,tags\r\nKäse,garden\r\nDig,\r\n"
LINES = '{"title": "Käse", "tags": ["garden"]}\n{"title": "Dig"}\n'
ENCODINGS = {
    "UTF-8": ("utf-8", ""),
    "UTF-8 with a mark": ("utf-8-sig", ""),
    "UTF-8, declared": ("utf-8", "; charset=UTF-8"),
    "windows-1252": ("cp1252", "; charset=windows-1252"),
    "windows-1252 in quotes": ("cp1252", '; charset="Windows-1252"'),
    "Latin-1": ("latin-1", "; charset=iso-8859-1"),
    "UTF-16 with a mark": ("utf-16", ""),
    "UTF-16, declared": ("utf-16", "; charset=utf-16"),
    "UTF-16, declared without a mark": ("utf-16-le", "; charset=utf-16"),
    "a mark beats the declaration": ("utf-8-sig", "; charset=windows-1252"),
}
TABLES = {
    "semicolons": "title;tags\r\nKäse;garden\r\nDig;\r\n",
    "semicolons and tags": "title;tags\r\nKäse;garden\r\nDig;\r\n",
    "tabs": "title\ttags\nKäse\tgarden\nDig\t\n",
    "quoted names": '"title";"tags"\r\n"Käse";"garden"\r\n"Dig";""\r\n',
    "sep=;": "sep=;\r\ntitle;tags\r\nKäse;garden\r\nDig;\r\n",
    "sep=,": "sep=,\r\ntitle,tags\r\nKäse,garden\r\nDig,\r\n",
    "SEP= and a tab": '"SEP=\t"\ntitle\ttags\nKäse\tgarden\nDig\t\n',
    "carriage returns": "title,tags\rKäse,garden\rDig,\r",
    "blank lines first": "\r\n\r\ntitle,tags\r\nKäse,garden\r\nDig,\r\n",
}


def content(client: Client) -> list[tuple[str, list[str]]]:
    return [(task["title"], task["tags"]) for task in exported_tasks(client)]


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize(("text", "media_type"), [(TABLE, CSV), (LINES, JSONL)])
def test_import_decodes_the_encoding(
    ann: Client, name: str, text: str, media_type: str
) -> None:
    encoding, parameter = ENCODINGS[name]

    import_file(ann, text.encode(encoding), media_type + parameter)

    assert content(ann) == [("Käse", ["garden"]), ("Dig", [])]


@pytest.mark.parametrize("name", TABLES)
def test_import_reads_separators_and_line_ends(ann: Client, name: str) -> None:
    import_file(ann, TABLES[name].encode(), CSV)

    assert content(ann) == [("Käse", ["garden"]), ("Dig", [])]


def test_import_reads_json_lines_that_end_with_carriage_returns(ann: Client) -> None:
    import_file(ann, LINES.replace("\n", "\r").encode())

    assert content(ann) == [("Käse", ["garden"]), ("Dig", [])]


def test_unknown_charset_is_rejected_with_the_known_ones(ann: Client) -> None:
    response = send_file(ann, TABLE, "text/csv; charset=koi8-r")

    problem = assert_problem(response, 415, "unsupported-media-type")
    assert "windows-1252" in problem["detail"]


PLACES: dict[str, tuple[bytes, str, tuple[int, int], str, str]] = {
    "bytes in CSV": (
        b"title,tags\nSow,a\nDig,K\xe4se\n",
        CSV,
        (3, 2),
        "characters",
        "not valid utf-8",
    ),
    "bytes in the head": (b"title,K\xe4se\n", CSV, (1, 2), "characters", "not valid"),
    "bytes in JSON Lines": (
        b'{"title": "Sow"}\n{"title": "K\xe4se"}',
        JSONL,
        (2, 13),
        "characters",
        "not valid utf-8",
    ),
    "bytes that windows-1252 lacks": (
        b"title\nSow\nD\x81g\n",
        f"{CSV}; charset=windows-1252",
        (3, 1),
        "characters",
        "not valid windows-1252",
    ),
    "half of UTF-16": (
        "title\nSow".encode("utf-16")[:-1],
        CSV,
        (2, 1),
        "characters",
        "not valid utf-8",
    ),
    "UTF-16 without a mark": (
        "title\nSow".encode("utf-16-le"),
        CSV,
        (1, 1),
        "characters",
        "byte order mark",
    ),
    "another separator": (b"title|tags\n", CSV, (1, 1), "malformed-csv", "separated"),
    "an unclosed quote": (
        b'title,tags\nSow,"a\nb,c\n',
        CSV,
        (2, 2),
        "malformed-csv",
        "not closed",
    ),
    "a stray quote": (
        b'title;tags\nSow;"a"b\n',
        CSV,
        (2, 2),
        "malformed-csv",
        "quote is in the wrong place",
    ),
    "a long cell": (
        b"id,title\n1," + b"x" * 300_000 + b"\n",
        CSV,
        (2, 2),
        "length",
        "1 to 255",
    ),
    "a bad value in CSV": (
        b"title;status\nSow;later\n",
        CSV,
        (2, 2),
        "choice",
        "Must be one of",
    ),
    "an unknown column": (b"title,colour\n", CSV, (1, 2), "unknown", "Unknown field"),
    "a cell too many": (b"title,tags\nSow,a,b\n", CSV, (2, 3), "length", "3 cells"),
    "no JSON": (b'{"title": "Sow"}\n{"title": }', JSONL, (2, 11), "malformed-json", ""),
    "a bad value in JSON": (
        b'{"title": "Sow", "tags": ["a", ""]}',
        JSONL,
        (1, 32),
        "length",
        "",
    ),
    "an unknown parent": (
        b'{"title": "Sow", "parent_id": "x"}',
        JSONL,
        (1, 31),
        "not-found",
        "No line",
    ),
    "an id twice": (
        b"title,id\nSow,a\nDig,a\n",
        CSV,
        (3, 2),
        "repeated",
        "Line 2",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_errors_name_line_column_and_cause(ann: Client, name: str) -> None:
    file, media_type, place, code, cause = PLACES[name]

    problem = assert_problem(send_file(ann, file, media_type), 422, "validation-error")

    (error,) = problem["errors"]
    assert (error["line"], error["column"], error["code"]) == (*place, code)
    assert cause in error["message"]
    assert task_count(ann) == 0


def test_encoding_error_has_a_hint(ann: Client) -> None:
    response = send_file(ann, b"title\nK\xe4se\n", CSV)

    (error,) = response.json["errors"]
    assert "UTF-8" in error["hint"]
    assert "windows-1252" in error["hint"]


def test_each_undecodable_line_is_reported(ann: Client) -> None:
    response = send_file(ann, b"title\nK\xe4se\nDig\nK\xf6ln\n", CSV)

    assert [error["line"] for error in response.json["errors"]] == [2, 4]


FOREIGN: list[dict[str, Any]] = [
    {"id": "b7e2-4", "title": "Books", "parent_id": "A/1"},
    {"id": "A/1", "title": "Pack"},
    {"id": 7, "title": "Move"},
    {"id": "8", "title": "Sell", "parent_id": "7"},
    {"id": "07", "title": "Rent", "parent_id": 8},
]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_ids_can_be_texts(ann: Client, form: str) -> None:
    rows = [f"{t['id']},{t['title']},{t.get('parent_id', '')}" for t in FOREIGN]
    table = "\n".join(["id,title,parent_id", *rows])
    lines = "\n".join(str(task).replace("'", '"') for task in FOREIGN)

    import_file(
        ann, lines if form == "jsonl" else table, JSONL if form == "jsonl" else CSV
    )

    assert [(task["title"], task["parent"]) for task in exported_tasks(ann)] == [
        ("Books", "Pack"),
        ("Pack", None),
        ("Move", None),
        ("Sell", "Move"),
        ("Rent", "Sell"),
    ]
