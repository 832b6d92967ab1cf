"""Import of a file that is the part `file` of a form."""

from copy import deepcopy
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.helpers.client import Client, assert_problem, field_errors
from tests.import_export.files import task_count

TABLE = b"title,tags\r\nSow,garden\r\n"
LINE = b'{"title": "Sow"}\n'
FORM = "multipart/form-data"


def upload(client: Client, parts: dict[str, Any], **headers: str) -> TestResponse:
    return client.call(
        "POST", "users/me/import", data=parts, content_type=FORM, headers=headers
    )


def part(content: bytes, name: str, media_type: str) -> tuple[BytesIO, str, str]:
    return BytesIO(content), name, media_type


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (TABLE, "tasks.csv", "text/csv"),
        (TABLE, "tasks", "text/csv; charset=utf-8"),
        (TABLE, "tasks.CSV", "application/vnd.ms-excel"),
        (TABLE.replace(b",", b"\t"), "tasks.tsv", "text/tab-separated-values"),
        ("title\nK\xe4se\n".encode("cp1252"), "a", "text/csv; charset=windows-1252"),
        (LINE, "tasks.jsonl", "application/octet-stream"),
        (LINE, "tasks", "application/x-ndjson"),
    ],
)
def test_import_reads_the_file_of_a_form(
    ann: Client, content: bytes, name: str, media_type: str
) -> None:
    response = upload(ann, {"file": part(content, name, media_type)})

    assert response.json == {"created": 1, "skipped": 0, "truncated": []}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({}, {"#/file": "required"}),
        ({"file": "title"}, {"#/file": "required"}),
        (
            {"data": part(TABLE, "a.csv", "text/csv")},
            {"#/file": "required", "#/data": "unknown"},
        ),
        ({"file": part(TABLE, "a.csv", "text/csv"), "x": "1"}, {"#/x": "unknown"}),
        (
            {
                "file": [
                    part(TABLE, "a.csv", "text/csv"),
                    part(LINE, "b.csv", "text/csv"),
                ]
            },
            {"#/file": "repeated"},
        ),
    ],
)
def test_other_parts_are_rejected(
    ann: Client, parts: dict[str, Any], code: dict[str, str]
) -> None:
    assert field_errors(upload(ann, deepcopy(parts))) == code
    assert task_count(ann) == 0


@pytest.mark.one_database
@pytest.mark.parametrize("name", ["tasks.xlsx", "tasks", ""])
def test_file_of_unknown_format_is_rejected(ann: Client, name: str) -> None:
    response = upload(ann, {"file": part(TABLE, name or "x", "application/zip")})

    problem = assert_problem(response, 415, "unsupported-media-type")
    assert "text/csv" in problem["detail"]


@pytest.mark.one_database
@pytest.mark.parametrize("end", [-3, -10, -30])
def test_incomplete_form_imports_nothing(ann: Client, end: int) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    body = head + b"Content-Type: text/csv\r\n\r\n" + TABLE + b"Dig,\r\n--x--\r\n"

    response = ann.call(
        "POST",
        "users/me/import",
        data=body[:end],
        headers={"Content-Type": f"{FORM}; boundary=x"},
    )

    assert response.status_code in {400, 422}
    assert task_count(ann) == 0


@pytest.mark.one_database
@pytest.mark.parametrize("more", ["", '; filename="a.csv"'])
def test_form_with_an_unnamed_part_is_rejected(ann: Client, more: str) -> None:
    head = f"--x\r\nContent-Disposition: form-data{more}\r\n\r\n".encode()

    response = ann.call(
        "POST",
        "users/me/import",
        data=head + TABLE + b"\r\n--x--\r\n",
        headers={"Content-Type": f"{FORM}; boundary=x", "Idempotency-Key": "1"},
    )

    assert_problem(response, 400, "bad-request")


@pytest.mark.one_database
@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 300])
def test_form_without_a_boundary_is_rejected(ann: Client, boundary: str) -> None:
    response = ann.call(
        "POST",
        "users/me/import",
        data=b"--\r\n\r\n",
        headers={"Content-Type": FORM + boundary},
    )

    assert response.status_code in {400, 422}


def test_repeated_form_with_a_key_imports_once(ann: Client) -> None:
    """Clients choose another boundary for each attempt."""
    first = upload(
        ann, {"file": part(TABLE, "a.csv", "text/csv")}, **{"Idempotency-Key": "a"}
    )
    again = upload(
        ann, {"file": part(TABLE, "a.csv", "text/csv")}, **{"Idempotency-Key": "a"}
    )
    other = upload(
        ann, {"file": part(LINE, "a.csv", "text/csv")}, **{"Idempotency-Key": "a"}
    )

    assert (first.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert task_count(ann) == 1
