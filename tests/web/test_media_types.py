"""Media types, encodings and sizes of bodies."""

from io import BytesIO
from typing import Any

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.web.json_operations import JSON, everywhere, send, stored, widely

pytestmark = pytest.mark.one_database

TEA = b'{"title": "Tea"}'
MIB = 1024 * 1024
ENCODINGS = ["gzip", "br", "deflate", "identity", "x"]
TYPES = {
    "none": None,
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "bytes": "application/octet-stream",
    "XML": "application/xml",
    "JSON of a vendor": "application/vnd.api+json",
    "JSON lines": "application/jsonl",
    "JSON patch": "application/json-patch+json",
    "JSON in text": "text/json",
    "two types": "application/json, text/plain",
    "garbage": "json",
}


@widely(TYPES, ["none", "text", "form"])
def test_body_of_another_media_type_is_rejected(
    ann: Client, task: dict[str, Any], place: str, sent: str | None
) -> None:
    before = stored(ann)

    response = send(ann, place, TEA, sent)

    assert_problem(response, 415, "unsupported-media-type")
    assert stored(ann) == before


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("new task", "Send the header `Content-Type: application/json`."),
        (
            "task",
            "Send the header `Content-Type: application/json` or "
            "`Content-Type: application/merge-patch+json`.",
        ),
    ],
)
def test_problem_of_the_media_type_names_the_header(
    ann: Client, task: dict[str, Any], place: str, expected: str
) -> None:
    response = send(ann, place, TEA, TYPES["form"])

    problem = assert_problem(response, 415, "unsupported-media-type")
    assert problem["detail"] == expected
    assert "error" not in problem


@widely({name: name for name in ENCODINGS}, ["gzip"])
def test_body_with_content_encoding_is_rejected(
    ann: Client, task: dict[str, Any], place: str, sent: str
) -> None:
    before = stored(ann)

    response = send(ann, place, TEA, Content_Encoding=sent)

    assert_problem(response, 415, "unsupported-media-type")
    assert stored(ann) == before


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=UTF-8",
        "application/merge-patch+json",
        "application/merge-patch+json; charset=utf-8",
    ],
)
def test_each_json_media_type_is_accepted(
    ann: Client, task: dict[str, Any], media_type: str
) -> None:
    response = send(ann, "task", TEA, media_type)

    assert (response.status_code, response.json["title"]) == (200, "Tea")


def padded(size: int) -> bytes:
    """Return a valid document of a size in bytes."""
    return TEA + b" " * (size - len(TEA))


def chunked(body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a chunked body without Content-Length."""
    return {
        "input_stream": BytesIO(body),
        "headers": {"Content-Type": JSON, "Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True},
    }


@everywhere
def test_body_above_1_mib_is_rejected(
    ann: Client, task: dict[str, Any], place: str
) -> None:
    before = stored(ann)

    response = send(ann, place, padded(MIB + 1))

    assert_problem(response, 413, "payload-too-large")
    assert stored(ann) == before


def test_body_of_1_mib_is_accepted(ann: Client, task: dict[str, Any]) -> None:
    response = send(ann, "task", padded(MIB))

    assert (response.status_code, response.json["title"]) == (200, "Tea")


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB], ids=["1 MiB and 1", "3 MiB"])
def test_chunked_body_above_1_mib_is_rejected(ann: Client, size: int) -> None:
    response = ann.call("POST", "tasks", **chunked(padded(size)))

    assert ann.get("tasks").json["items"] == []
    assert_problem(response, 413, "payload-too-large")


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB], ids=["1 MiB and 1", "3 MiB"])
def test_chunked_form_above_1_mib_is_rejected(ann: Client, size: int) -> None:
    form = f"grant_type=password&username=ann@example.org&password={PASSWORD}&scope="
    sent = chunked(form.encode().ljust(size, b"+"))
    sent["headers"]["Content-Type"] = "application/x-www-form-urlencoded"

    response = ann.call("POST", "auth/token", **sent)

    assert_problem(response, 413, "payload-too-large")


@pytest.mark.parametrize("size", [100, MIB], ids=["100 bytes", "1 MiB"])
def test_chunked_body_is_accepted(ann: Client, size: int) -> None:
    response = ann.call("POST", "tasks", **chunked(padded(size)))

    assert (response.status_code, response.json["title"]) == (201, "Tea")


ABSENT = pytest.mark.parametrize("media_type", [None, JSON, "text/plain", "x"])


@ABSENT
def test_update_with_empty_body_changes_nothing(
    ann: Client, task: dict[str, Any], media_type: str | None
) -> None:
    response = ann.call("PATCH", f"tasks/{task['id']}", content_type=media_type)

    assert (response.status_code, response.json) == (200, task)


@ABSENT
def test_logout_with_empty_body_ends_the_session(
    ann: Client, media_type: str | None
) -> None:
    response = ann.call("POST", "auth/logout", content_type=media_type)

    assert response.status_code == 204
    assert_problem(ann.get("users/me"), 401, "session-revoked")


@ABSENT
def test_empty_chunked_body_equals_no_body(ann: Client, media_type: str | None) -> None:
    sent = chunked(b"")
    sent["headers"]["Content-Type"] = media_type or ""

    response = ann.call("POST", "auth/logout", **sent)

    assert response.status_code == 204


@pytest.mark.parametrize("path", ["tasks", "auth/login", "auth/password-reset/request"])
def test_empty_body_is_rejected_if_required(ann: Client, path: str) -> None:
    response = ann.call("POST", path, content_type=JSON)

    assert_problem(response, 400, "malformed-json")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{", JSON), (TEA, "text/plain"), (padded(MIB + 1), JSON), (b"[]", JSON)],
    ids=["malformed", "another type", "too large", "no object"],
)
def test_body_is_not_validated_without_login(
    anonymous: Client, body: bytes, media_type: str
) -> None:
    response = anonymous.call(
        "POST", "tasks", data=body, headers={"Content-Type": media_type}
    )

    assert_problem(response, 401, "token-missing")
