"""If-None-Match spares a read, If-Match guards a write (RFC 9110, section 13)."""

from typing import Any

import pytest

from tests.support import Client, refused

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


@matching
def test_who_has_the_version_is_not_sent_it_again(
    ann: Client, task: dict[str, Any], tag: str
) -> None:
    answer = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"


@other
def test_who_has_another_version_is_sent_this_one(
    ann: Client, task: dict[str, Any], tag: str
) -> None:
    answer = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json) == (200, task)
    assert answer.headers["ETag"] == '"1"'


def test_a_change_makes_the_old_tag_stale(ann: Client, task: dict[str, Any]) -> None:
    ann.patch(f"tasks/{task['id']}", {"title": "Tea"})

    answer = ann.get(f"tasks/{task['id']}", headers={"If-None-Match": '"1"'})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')


def test_a_read_may_be_kept_by_the_caller_alone(
    ann: Client, task: dict[str, Any]
) -> None:
    one, page = ann.get(f"tasks/{task['id']}"), ann.get("tasks")

    assert one.headers["Cache-Control"] == "private, no-cache"
    assert page.headers["Cache-Control"] == "private, no-cache"


@matching
@guarded
def test_a_write_that_names_the_version_is_done(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    answer = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert answer.status_code == WRITTEN[method]
    assert ann.get(path).json != task


@other
@guarded
def test_a_write_that_names_another_version_is_not_done(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    answer = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 1
    assert ann.get(path).json == task


@guarded
@pytest.mark.parametrize("digits", [9, 10, 18, 19, 20, 4000])
def test_no_version_is_too_large_to_be_another_one(
    ann: Client, task: dict[str, Any], method: str, digits: int
) -> None:
    path, tag = f"tasks/{task['id']}", f'"{"9" * digits}"'

    answer = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 1


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("same", [{}, {"title": "Tea"}], ids=["none", "the same"])
def test_a_stale_tag_is_refused_even_where_nothing_would_change(
    ann: Client, task: dict[str, Any], method: str, same: dict[str, str]
) -> None:
    path = f"tasks/{task['id']}"
    ann.patch(path, {"title": "Tea"})

    answer = ann.call(method, path, json=same, headers={"If-Match": '"1"'})

    refused(answer, 412, "precondition-failed")


@write
def test_the_refusal_tells_the_version_that_is_current(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    path = f"tasks/{task['id']}"
    ann.patch(path, {"title": "Tea"})

    answer = ann.call(method, path, json={}, headers={"If-Match": '"1"'})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 2


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_a_guarded_write_answers_with_the_tag_for_the_next_one(
    ann: Client, task: dict[str, Any], method: str, tag: str
) -> None:
    path = f"tasks/{task['id']}"

    first = ann.call(method, path, json={"title": "Tea"}, headers={"If-Match": tag})
    guard = {"If-Match": first.headers["ETag"]}
    second = ann.call(method, path, json={"title": "Milk"}, headers=guard)

    assert (second.status_code, second.json["version"]) == (200, 3)


@write
@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_a_guarded_write_to_what_is_not_there_finds_nothing(
    ann: Client, bob: Client, method: str, tag: str
) -> None:
    his = bob.make_task()

    answer = ann.call(method, f"tasks/{his['id']}", json={}, headers={"If-Match": tag})

    refused(answer, 404, "not-found")


@write
def test_a_service_may_insist_on_if_match(
    strict_ann: Client, task: dict[str, Any], method: str
) -> None:
    path = f"tasks/{task['id']}"

    answer = strict_ann.call(method, path, json={"title": "Tea"})

    refused(answer, 428, "precondition-required")
    assert strict_ann.get(path).json == task


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_service_that_insists_does_so_for_accounts(
    strict_ann: Client, method: str
) -> None:
    answer = strict_ann.call(method, "users/me", json={"full_name": "Ann"})

    refused(answer, 428, "precondition-required")
    assert strict_ann.get("users/me").json["full_name"] is None


@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["a version", "any version"])
def test_a_service_that_insists_takes_any_right_tag(
    strict_ann: Client, task: dict[str, Any], tag: str
) -> None:
    answer = strict_ann.patch(
        f"tasks/{task['id']}", {"title": "Tea"}, headers={"If-Match": tag}
    )

    assert (answer.status_code, answer.json["title"]) == (200, "Tea")


def test_a_service_that_insists_makes_tasks_without_a_tag(strict_ann: Client) -> None:
    answer = strict_ann.post("tasks", {"title": "Tea"})

    assert answer.status_code == 201
