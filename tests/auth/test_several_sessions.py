"""What happens to one session happens to no other: the middle of three acts."""

import pytest
from werkzeug.test import TestResponse

from tests.backstage import another_session, count, later, run
from tests.support import Client, refused

MINUTE = 60
DAY = 24 * 3600


@pytest.fixture
def three(ann: Client) -> list[Client]:
    """Return Ann in three sessions, the oldest first."""
    return [ann, another_session(ann), another_session(ann)]


def shown(client: Client, field: str) -> list[object]:
    """Return one field of each session, the oldest first."""
    items = client.get("auth/sessions").json["items"]
    return [session[field] for session in reversed(items)]


def refresh(client: Client) -> TestResponse:
    token = {"refresh_token": client.tokens["refresh_token"]}
    return Client(client.app).post("auth/refresh", token)


def statuses(clients: list[Client]) -> list[int]:
    return [client.get("users/me").status_code for client in clients]


def test_the_session_that_asks_is_the_current_one(three: list[Client]) -> None:
    found = shown(three[1], "current")

    assert found == [False, True, False]


def test_the_use_of_a_session_is_noted_at_no_other(three: list[Client]) -> None:
    before = shown(three[1], "last_used_at")

    with later(6 * MINUTE):
        after = shown(three[1], "last_used_at")

    noted = [new != old for old, new in zip(before, after, strict=True)]
    assert noted == [False, True, False]


def test_a_refresh_renews_no_other_session(three: list[Client]) -> None:
    answer = refresh(three[1])

    assert answer.status_code == 200
    assert statuses(three) == [200, 200, 200]
    assert [refresh(three[0]).status_code, refresh(three[2]).status_code] == [200, 200]


def test_a_refresh_lengthens_no_other_session(three: list[Client]) -> None:
    before = shown(three[1], "expires_at")

    with later(MINUTE):
        refresh(three[1])
        after = shown(three[1], "expires_at")

    longer = [new > old for old, new in zip(before, after, strict=True)]
    assert longer == [False, True, False]


def test_a_token_used_twice_ends_no_other_session(three: list[Client]) -> None:
    refresh(three[1])

    with later(11):
        replayed = refresh(three[1])

    assert replayed.status_code == 401
    assert statuses(three) == [200, 401, 200]


def test_a_logout_ends_no_other_session(three: list[Client]) -> None:
    answer = three[1].post("auth/logout")

    assert answer.status_code == 204
    assert statuses(three) == [200, 401, 200]


def test_a_logout_from_everywhere_ends_nothing_of_others(
    ann: Client, bob: Client
) -> None:
    cat = Client(ann.app, "cat").register().log_in()

    answer = bob.post("auth/logout", {"all": True})

    assert answer.status_code == 204
    assert statuses([ann, bob, cat]) == [200, 401, 200]


def test_a_purge_takes_what_is_over_and_leaves_the_rest(ann: Client) -> None:
    with later(8 * DAY):
        again = another_session(ann)
        run(ann.app, "purge")

        found = again.get("users/me").status_code

    assert found == 200
    assert count(ann.app, "sessions") == 1


def test_the_session_of_a_newer_account_does_not_exist(
    ann: Client, bob: Client
) -> None:
    answer = ann.delete(f"auth/sessions/{shown(bob, 'id')[0]}")

    refused(answer, 404, "not-found")
    assert bob.get("users/me").json == bob.user


def test_a_list_holds_no_session_of_another_account(ann: Client, bob: Client) -> None:
    cat = Client(ann.app, "cat").register().log_in()

    found = [shown(client, "current") for client in (ann, bob, cat)]

    assert found == [[True], [True], [True]]
