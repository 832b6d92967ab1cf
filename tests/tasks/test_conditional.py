"""Conditional requests: If-None-Match and If-Match (RFC 9110, section 13)."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem

PROXIES = ["-gzip", "-br", "-zstd", "-deflate", "--gzip", ";gzip", ":gzip"]
MATCHING = [
    *['"1"', 'W/"1"', "1", '"7", "1"', '"7",W/"1"', "*"],
    *[f'"1{suffix}"' for suffix in PROXIES],
    *[f'W/"1{suffix}"' for suffix in PROXIES],
    *["1-gzip", '"1"-gzip', '"7-br" , W/"1;gzip" , "8"'],
]
MATCHING_IDS = MATCHING
OTHERS = [
    *['"2"', 'W/"2"', '"2", "3"', '"01"', '"1', '"0"', "one", ""],
    *['"2-gzip"', '"11-gzip"', '"1-gzip-br"', '"1-zip"', '"1gzip"', '"-gzip"'],
]
OTHERS_IDS = OTHERS

matching = pytest.mark.parametrize("tag", MATCHING, ids=MATCHING_IDS)
other = pytest.mark.parametrize("tag", OTHERS, ids=OTHERS_IDS)
write = pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
guarded = pytest.mark.parametrize("method", ["PATCH", "DELETE"])
WRITTEN = {"PATCH": 200, "DELETE": 204}


@pytest.mark.one_database
@matching
def test_read_returns_304_for_the_current_version(
    ann: Client, task: dict[str, Any], tag: str
) -> None:
    response = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": tag})

    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.one_database
@other
def test_read_returns_the_task_for_another_version(
    ann: Client, task: dict[str, Any], tag: str
) -> None:
    response = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": tag})

    assert (response.status_code, response.json) == (200, task)
    assert response.headers["ETag"] == '"1"'


def test_change_makes_the_old_etag_stale(ann: Client, task: dict[str, Any]) -> None:
    ann.patch(f"tasks/{task['id']}", {"title": "Tea"})

    response = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": '"1"'})

    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')


@pytest.mark.one_database
def test_read_is_cacheable_only_by_the_caller(
    ann: Client, task: dict[str, Any]
) -> None:
    one, page = ann.get(f"tasks/{task['id']}"), ann.get("tasks")

    assert one.headers["Cache-Control"] == "private, no-cache"
    assert page.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.one_database
@matching
@guarded
def test_write_with_the_current_version_succeeds(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    response = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert response.status_code == WRITTEN[method]
    assert ann.get(path).json != task


@pytest.mark.one_database
@other
@guarded
def test_write_with_another_version_is_rejected(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    response = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 1
    assert ann.get(path).json == task


@pytest.mark.one_database
@guarded
@pytest.mark.parametrize("digits", [9, 10, 18, 19, 20, 4000])
def test_write_accepts_etags_of_any_size_as_another_version(
    ann: Client, task: dict[str, Any], method: str, digits: int
) -> None:
    path, tag = f"tasks/{task['id']}", f'"{"9" * digits}"'

    response = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 1


@pytest.mark.one_database
@guarded
@pytest.mark.parametrize("tag", ['"x"', "x", '""', '"1.0"', 'W/"abc"', ""])
def test_etag_that_is_no_version_is_explained(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    response = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    problem = assert_problem(response, 412, "precondition-failed")
    assert "Send the ETag" in problem["detail"]
    assert problem["current_version"] == 1


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("same", [{}, {"title": "Tea"}], ids=["none", "the same"])
def test_stale_etag_is_rejected_for_a_change_without_effect(
    ann: Client, task: dict[str, Any], method: str, same: dict[str, str]
) -> None:
    path = f"tasks/{task['id']}"
    ann.patch(path, {"title": "Tea"})

    response = ann.call(method, path, json=same, headers={"If-Match": '"1"'})

    assert_problem(response, 412, "precondition-failed")


@write
def test_precondition_error_contains_the_current_version(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    path = f"tasks/{task['id']}"
    ann.patch(path, {"title": "Tea"})

    response = ann.call(method, path, json={}, headers={"If-Match": '"1"'})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 2


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_write_returns_the_new_etag(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    first = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})
    guard = {"If-Match": first.headers["ETag"]}
    second = ann.call(method, path, json={"title": "Milk"}, headers=guard)

    assert (second.status_code, second.json["version"]) == (200, 3)


@write
@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_write_with_a_version_to_a_missing_task_returns_404(
    ann: Client, bob: Client, method: str, tag: str
) -> None:
    his = bob.create_task()

    response = ann.call(
        method, f"tasks/{his['id']}", json={}, headers={"If-Match": tag}
    )

    assert_problem(response, 404, "not-found")


@write
def test_write_requires_if_match_if_configured(
    strict_ann: Client, task: dict[str, Any], method: str
) -> None:
    path = f"tasks/{task['id']}"

    response = strict_ann.call(method, path, json={"title": "Tea"})

    assert_problem(response, 428, "precondition-required")
    assert strict_ann.get(path).json == task


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_account_change_requires_if_match_if_configured(
    strict_ann: Client, method: str
) -> None:
    response = strict_ann.call(method, "users/me", json={"full_name": "Ann"})

    assert_problem(response, 428, "precondition-required")
    assert strict_ann.get("users/me").json["full_name"] is None


@pytest.mark.one_database
@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_required_if_match_accepts_any_matching_etag(
    strict_ann: Client, task: dict[str, Any], tag: str
) -> None:
    response = strict_ann.patch(
        f"tasks/{task['id']}", {"title": "Tea"}, headers={"If-Match": tag}
    )

    assert (response.status_code, response.json["title"]) == (200, "Tea")


def test_creation_does_not_require_if_match(strict_ann: Client) -> None:
    response = strict_ann.post("tasks", {"title": "Tea"})

    assert response.status_code == 201
