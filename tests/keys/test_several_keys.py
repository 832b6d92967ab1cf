"""What happens to one key happens to no other: the middle of three is used."""

from datetime import timedelta

import pytest

from taskapi import clock
from tests.backstage import run
from tests.keys.holding import Holder, holder, make_key
from tests.support import Client, refused

NAMES = ["old", "middle", "new"]


@pytest.fixture
def three(ann: Client) -> list[Holder]:
    """Return who holds three keys of Ann's, the oldest first."""
    return [holder(ann, name=name) for name in NAMES]


def shown(owner: Client, field: str) -> list[object]:
    """Return one field of each key of an owner, the oldest first."""
    items = owner.get("api-keys").json["items"]
    return [key[field] for key in reversed(items)]


def middle_of(owner: Client) -> str:
    """Return the path of the second key of three."""
    return f"api-keys/{shown(owner, 'id')[1]}"


def statuses(holders: list[Holder]) -> list[int]:
    return [one.get("tasks").status_code for one in holders]


def in_days(number: int) -> str:
    return (clock.now() + timedelta(days=number)).isoformat()


def test_each_of_many_keys_opens(bob: Client, three: list[Holder]) -> None:
    his = [holder(bob) for _ in range(3)]

    found = statuses(three + his)

    assert found == [200] * 6


def test_the_use_of_a_key_is_noted_at_no_other(
    ann: Client, three: list[Holder]
) -> None:
    three[1].get("tasks")

    used = [moment is not None for moment in shown(ann, "last_used_at")]

    assert used == [False, True, False]


def test_one_of_three_keys_is_read(ann: Client, three: list[Holder]) -> None:
    answer = ann.get(middle_of(ann))

    assert answer.json["name"] == "middle"


def test_one_of_three_keys_is_renamed(ann: Client, three: list[Holder]) -> None:
    answer = ann.patch(middle_of(ann), {"name": "renamed"})

    assert answer.status_code == 200
    assert shown(ann, "name") == ["old", "renamed", "new"]


def test_one_of_three_keys_is_revoked(ann: Client, three: list[Holder]) -> None:
    answer = ann.delete(middle_of(ann))

    assert answer.status_code == 204
    assert statuses(three) == [200, 401, 200]


def test_the_end_of_a_key_is_compared_with_no_other(ann: Client) -> None:
    ends = [in_days(3), in_days(30), in_days(3)]
    made = [make_key(ann, expires_at=end) for end in ends]

    answer = ann.patch(f"api-keys/{made[1]['id']}", {"expires_at": in_days(20)})

    assert answer.status_code == 200


def test_an_end_beyond_that_of_the_key_alone_is_refused(ann: Client) -> None:
    ends = [in_days(30), in_days(3), in_days(30)]
    made = [make_key(ann, expires_at=end) for end in ends]

    answer = ann.patch(f"api-keys/{made[1]['id']}", {"expires_at": in_days(20)})

    assert answer.status_code == 422


def test_an_operator_lists_the_keys_of_one_account_the_oldest_first(
    ann: Client, bob: Client, three: list[Holder]
) -> None:
    make_key(bob)

    listed = run(ann.app, "api-keys", "list", "ann@example.org")

    _heading, *rows = listed.strip().splitlines()
    assert [row.split()[1] for row in rows] == [one.text.split("_")[1] for one in three]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_the_key_of_a_newer_account_does_not_exist(
    ann: Client, bob: Client, method: str
) -> None:
    his = holder(bob, name="his")
    body = {"name": "hers"} if method == "PATCH" else None

    answer = ann.call(method, f"api-keys/{shown(bob, 'id')[0]}", json=body)

    refused(answer, 404, "not-found")
    assert shown(bob, "name") == ["his"]
    assert statuses([his]) == [200]


def test_a_list_holds_no_key_of_a_newer_account(ann: Client, bob: Client) -> None:
    make_key(bob)

    answer = ann.get("api-keys?include_total=true")

    assert (answer.json["items"], answer.json["total"]) == ([], 0)
