"""Owners list, rename, shorten and revoke only their own keys."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from taskapi import clock
from taskapi.api_keys import service
from tests.api_keys.clients import KeyClient, create_key, key_client, without_times
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.clock import later

PAST = "2020-01-01T00:00:00Z"
DAY = 24 * 3600
INVALID: dict[str, tuple[Any, dict[str, str]]] = {
    "name-null": ({"name": None}, {"#/name": "null"}),
    "name-of-101": ({"name": "n" * 101}, {"#/name": "length"}),
    "name-empty": ({"name": ""}, {"#/name": "length"}),
    "scopes": ({"scopes": ["admin"]}, {"#/scopes": "read-only"}),
    "prefix": ({"prefix": "0" * 8}, {"#/prefix": "read-only"}),
    "past": ({"expires_at": PAST}, {"#/expires_at": "range"}),
    "never": ({"expires_at": None}, {"#/expires_at": "range"}),
    "later": ({"expires_at": "2199-01-01T00:00:00Z"}, {"#/expires_at": "range"}),
}


def ends(**units: int) -> str:
    time = clock.now().replace(microsecond=0) + timedelta(**units)
    return time.isoformat().replace("+00:00", "Z")


def test_keys_are_listed_newest_first(ann: Client) -> None:
    made = [create_key(ann, name=name) for name in ("first", "second", "third")]

    response = ann.get("api-keys?include_total=true")

    shown = [without_times(key) for key in response.json["items"]]
    assert shown == [without_times(key) for key in reversed(made)]
    assert response.json["total"] == 3


def test_keys_are_paginated(ann: Client) -> None:
    made = [create_key(ann)["id"] for _ in range(3)]

    first = ann.get("api-keys?limit=2").json
    second = ann.get(f"api-keys?limit=2&cursor={first['next_cursor']}").json

    found = [key["id"] for key in first["items"] + second["items"]]
    assert found == made[::-1]
    assert second["next_cursor"] is None


def test_list_contains_only_own_keys(ann: Client, bob: Client) -> None:
    create_key(ann)

    response = bob.get("api-keys")

    assert response.json["items"] == []


@pytest.fixture
def after_read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs an event once, after the next key was read."""
    find, events = service.get, list[Callable[[], object]]()

    def find_late(caller: Any, key_id: int) -> Any:
        found = find(caller, key_id)
        while events:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(events.pop()).result()
        return found

    monkeypatch.setattr(service, "get", find_late)
    return events.append


def test_change_does_not_undo_an_earlier_end(
    ann: Client, after_read: Callable[..., None]
) -> None:
    path = f"api-keys/{create_key(ann)['id']}"
    sooner, later_end = ends(hours=1), ends(days=30)
    after_read(lambda: ann.patch(path, {"expires_at": sooner}))

    response = ann.patch(path, {"expires_at": later_end})

    assert field_errors(response) == {"#/expires_at": "range"}
    assert ann.get(path).json["expires_at"] == sooner


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_key_of_another_account_is_not_found(
    ann: Client, bob: Client, method: str
) -> None:
    key = create_key(ann)
    body = {"name": "mine"} if method == "PATCH" else None

    theirs = bob.call(method, f"api-keys/{key['id']}", json=body)
    absent = bob.call(method, f"api-keys/{2**60}", json=body)

    assert assert_problem(theirs, 404, "not-found")["detail"] == absent.json["detail"]
    assert ann.get(f"api-keys/{key['id']}").json == without_text(key)


def without_text(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "api_key"}


def test_key_is_renamed(ann: Client) -> None:
    key = create_key(ann)

    response = ann.patch(f"api-keys/{key['id']}", {"name": "restore"})

    assert response.status_code == 200
    assert response.json == without_text(key) | {"name": "restore"}
    assert ann.get(f"api-keys/{key['id']}").json == response.json


def test_change_without_effect_changes_nothing(ann: Client) -> None:
    key = create_key(ann)

    response = ann.patch(f"api-keys/{key['id']}", {})

    assert (response.status_code, response.json) == (200, without_text(key))


def test_renamed_key_is_still_accepted(ann: Client, script: KeyClient) -> None:
    key = ann.get("api-keys").json["items"][0]

    ann.patch(f"api-keys/{key['id']}", {"name": "restore"})

    assert script.get("tasks").status_code == 200


@pytest.mark.parametrize("before", [None, 30], ids=["endless", "30-days"])
def test_key_can_expire_sooner(ann: Client, before: int | None) -> None:
    fields = {"expires_at": ends(days=before)} if before else {}
    script = key_client(ann, **fields)
    key = ann.get("api-keys").json["items"][0]

    response = ann.patch(f"api-keys/{key['id']}", {"expires_at": ends(hours=1)})
    with later(DAY):
        over = script.get("tasks")

    assert response.status_code == 200
    assert_problem(over, 401, "api-key-expired")


@pytest.mark.one_database
@pytest.mark.parametrize(("body", "expected"), INVALID.values(), ids=INVALID)
def test_invalid_change_keeps_the_key(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    key = create_key(ann, expires_at=ends(days=30))

    response = ann.patch(f"api-keys/{key['id']}", body)

    assert field_errors(response) == expected
    assert ann.get(f"api-keys/{key['id']}").json == without_text(key)


def test_revoked_key_is_not_found(ann: Client) -> None:
    key = create_key(ann)

    first = ann.delete(f"api-keys/{key['id']}")
    second = ann.delete(f"api-keys/{key['id']}")

    assert (first.status_code, first.data) == (204, b"")
    assert_problem(second, 404, "not-found")
    assert ann.get("api-keys").json["items"] == []


def test_key_of_the_request_is_revoked(ann: Client) -> None:
    key = create_key(ann)
    sent = {"X-API-Key": key["api_key"]}

    response = ann.delete(f"api-keys/{key['id']}", headers=sent)

    assert response.status_code == 204
    assert_problem(ann.get("tasks", headers=sent), 401, "api-key-invalid")
    assert ann.get("api-keys").json["items"] == []


def test_revocation_keeps_other_keys(ann: Client, script: KeyClient) -> None:
    other = create_key(ann)

    ann.delete(f"api-keys/{other['id']}")

    assert script.get("tasks").status_code == 200


def test_commands_create_list_and_revoke_keys(ann: Client) -> None:
    login = "ann@example.org"
    text = run(ann.app, "api-keys", "create", login, "--name", "cron").strip()
    script = KeyClient(ann, text)
    before = script.get("tasks")
    key = ann.get("api-keys").json["items"][0]

    listed = run(ann.app, "api-keys", "list", login)
    run(ann.app, "api-keys", "revoke", login, str(key["id"]))

    assert before.status_code == 200
    assert key["prefix"] in listed
    assert text not in listed
    assert_problem(script.get("tasks"), 401, "api-key-invalid")


def test_keys_are_purged_30_days_after_their_expiry(ann: Client) -> None:
    script = key_client(ann, expires_at=ends(hours=1))

    with later(20 * DAY):
        run(ann.app, "purge")
        expired = script.get("tasks")
    with later(40 * DAY):
        run(ann.app, "purge")
        unknown = script.get("tasks")

    assert_problem(expired, 401, "api-key-expired")
    assert_problem(unknown, 401, "api-key-invalid")
