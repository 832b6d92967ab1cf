"""A body says what it is, and is read if it is JSON of at most 1 MiB."""

from io import BytesIO
from typing import Any

import pytest

from tests.support import PASSWORD, Client, refused
from tests.web.places import JSON, everywhere, send, stored, widely

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
def test_a_body_of_another_type_is_refused(
    ann: Client, task: dict[str, Any], place: str, sent: str | None
) -> None:
    before = stored(ann)

    answer = send(ann, place, TEA, sent)

    refused(answer, 415, "unsupported-media-type")
    assert stored(ann) == before


@widely({name: name for name in ENCODINGS}, ["gzip"])
def test_an_encoded_body_is_refused(
    ann: Client, task: dict[str, Any], place: str, sent: str
) -> None:
    before = stored(ann)

    answer = send(ann, place, TEA, Content_Encoding=sent)

    refused(answer, 415, "unsupported-media-type")
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
def test_json_may_be_called_by_each_of_its_names(
    ann: Client, task: dict[str, Any], media_type: str
) -> None:
    answer = send(ann, "task", TEA, media_type)

    assert (answer.status_code, answer.json["title"]) == (200, "Tea")


def padded(size: int) -> bytes:
    """Return a good document of a size in bytes."""
    return TEA + b" " * (size - len(TEA))


def chunked(body: bytes) -> dict[str, Any]:
    """Return how a server hands over a body that came in chunks, its length unsaid."""
    return {
        "input_stream": BytesIO(body),
        "headers": {"Content-Type": JSON, "Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True},
    }


@everywhere
def test_a_body_of_more_than_1_mib_is_refused(
    ann: Client, task: dict[str, Any], place: str
) -> None:
    before = stored(ann)

    answer = send(ann, place, padded(MIB + 1))

    refused(answer, 413, "payload-too-large")
    assert stored(ann) == before


def test_a_body_of_1_mib_is_read(ann: Client, task: dict[str, Any]) -> None:
    answer = send(ann, "task", padded(MIB))

    assert (answer.status_code, answer.json["title"]) == (200, "Tea")


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB], ids=["1 MiB and 1", "3 MiB"])
def test_a_body_in_chunks_is_refused_when_it_grows_too_large(
    ann: Client, size: int
) -> None:
    answer = ann.call("POST", "tasks", **chunked(padded(size)))

    assert ann.get("tasks").json["items"] == []
    refused(answer, 413, "payload-too-large")


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB], ids=["1 MiB and 1", "3 MiB"])
def test_a_form_in_chunks_is_refused_when_it_grows_too_large(
    ann: Client, size: int
) -> None:
    form = f"grant_type=password&username=ann@example.org&password={PASSWORD}&scope="
    sent = chunked(form.encode().ljust(size, b"+"))
    sent["headers"]["Content-Type"] = "application/x-www-form-urlencoded"

    answer = ann.call("POST", "auth/token", **sent)

    refused(answer, 413, "payload-too-large")


@pytest.mark.parametrize("size", [100, MIB], ids=["100 bytes", "1 MiB"])
def test_a_body_in_chunks_is_read(ann: Client, size: int) -> None:
    answer = ann.call("POST", "tasks", **chunked(padded(size)))

    assert (answer.status_code, answer.json["title"]) == (201, "Tea")


ABSENT = pytest.mark.parametrize("media_type", [None, JSON, "text/plain", "x"])


@ABSENT
def test_a_change_with_an_empty_body_changes_nothing(
    ann: Client, task: dict[str, Any], media_type: str | None
) -> None:
    answer = ann.call("PATCH", f"tasks/{task['id']}", content_type=media_type)

    assert (answer.status_code, answer.json) == (200, task)


@ABSENT
def test_a_logout_with_an_empty_body_ends_the_session(
    ann: Client, media_type: str | None
) -> None:
    answer = ann.call("POST", "auth/logout", content_type=media_type)

    assert answer.status_code == 204
    refused(ann.get("users/me"), 401, "session-revoked")


@ABSENT
def test_an_empty_body_in_chunks_is_absent_too(
    ann: Client, media_type: str | None
) -> None:
    sent = chunked(b"")
    sent["headers"]["Content-Type"] = media_type or ""

    answer = ann.call("POST", "auth/logout", **sent)

    assert answer.status_code == 204


@pytest.mark.parametrize("path", ["tasks", "auth/login", "auth/password-reset/request"])
def test_an_empty_body_is_rejected_where_one_is_required(
    ann: Client, path: str
) -> None:
    answer = ann.call("POST", path, content_type=JSON)

    refused(answer, 400, "malformed-json")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{", JSON), (TEA, "text/plain"), (padded(MIB + 1), JSON), (b"[]", JSON)],
    ids=["malformed", "another type", "too large", "no object"],
)
def test_who_is_not_logged_in_learns_nothing_of_their_body(
    anyone: Client, body: bytes, media_type: str
) -> None:
    answer = anyone.call(
        "POST", "tasks", data=body, headers={"Content-Type": media_type}
    )

    refused(answer, 401, "token-missing")
