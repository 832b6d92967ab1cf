"""Operations on one of three keys do not affect the others."""

from datetime import timedelta

import pytest

from taskapi import clock
from tests.api_keys.clients import KeyClient, create_key, key_client
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem

NAMES = ["old", "middle", "new"]


@pytest.fixture
def three(ann: Client) -> list[KeyClient]:
    """Return clients with three keys of Ann, oldest first."""
    return [key_client(ann, name=name) for name in NAMES]


def shown(owner: Client, field: str) -> list[object]:
    """Return one field of each key of an owner, the oldest first."""
    items = owner.get("api-keys").json["items"]
    return [key[field] for key in reversed(items)]


def middle_of(owner: Client) -> str:
    """Return the path of the second key of three."""
    return f"api-keys/{shown(owner, 'id')[1]}"


def statuses(holders: list[KeyClient]) -> list[int]:
    return [one.get("tasks").status_code for one in holders]


def in_days(number: int) -> str:
    return (clock.now() + timedelta(days=number)).isoformat()


def test_each_of_many_keys_is_accepted(bob: Client, three: list[KeyClient]) -> None:
    his = [key_client(bob) for _ in range(3)]

    found = statuses(three + his)

    assert found == [200] * 6


def test_use_is_recorded_for_one_key_only(ann: Client, three: list[KeyClient]) -> None:
    three[1].get("tasks")

    used = [time is not None for time in shown(ann, "last_used_at")]

    assert used == [False, True, False]


def test_one_of_three_keys_is_read(ann: Client, three: list[KeyClient]) -> None:
    response = ann.get(middle_of(ann))

    assert response.json["name"] == "middle"


def test_one_of_three_keys_is_renamed(ann: Client, three: list[KeyClient]) -> None:
    response = ann.patch(middle_of(ann), {"name": "renamed"})

    assert response.status_code == 200
    assert shown(ann, "name") == ["old", "renamed", "new"]


def test_one_of_three_keys_is_revoked(ann: Client, three: list[KeyClient]) -> None:
    response = ann.delete(middle_of(ann))

    assert response.status_code == 204
    assert statuses(three) == [200, 401, 200]


def test_expiry_is_compared_with_the_same_key(ann: Client) -> None:
    ends = [in_days(3), in_days(30), in_days(3)]
    made = [create_key(ann, expires_at=end) for end in ends]

    response = ann.patch(f"api-keys/{made[1]['id']}", {"expires_at": in_days(20)})

    assert response.status_code == 200


def test_later_expiry_than_that_of_the_key_is_rejected(ann: Client) -> None:
    ends = [in_days(30), in_days(3), in_days(30)]
    made = [create_key(ann, expires_at=end) for end in ends]

    response = ann.patch(f"api-keys/{made[1]['id']}", {"expires_at": in_days(20)})

    assert response.status_code == 422


def test_command_lists_keys_of_one_account_oldest_first(
    ann: Client, bob: Client, three: list[KeyClient]
) -> None:
    create_key(bob)

    listed = run(ann.app, "api-keys", "list", "ann@example.org")

    _heading, *rows = listed.strip().splitlines()
    assert [row.split()[1] for row in rows] == [one.text.split("_")[1] for one in three]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_key_of_a_newer_account_is_not_found(
    ann: Client, bob: Client, method: str
) -> None:
    his = key_client(bob, name="his")
    body = {"name": "hers"} if method == "PATCH" else None

    response = ann.call(method, f"api-keys/{shown(bob, 'id')[0]}", json=body)

    assert_problem(response, 404, "not-found")
    assert shown(bob, "name") == ["his"]
    assert statuses([his]) == [200]


def test_list_contains_no_key_of_a_newer_account(ann: Client, bob: Client) -> None:
    create_key(bob)

    response = ann.get("api-keys?include_total=true")

    assert (response.json["items"], response.json["total"]) == ([], 0)
