"""Operations on one of three sessions do not affect the others."""

import pytest
from werkzeug.test import TestResponse

from tests.helpers.cli import run
from tests.helpers.client import Client, another_session, assert_problem
from tests.helpers.clock import later
from tests.helpers.rows import count

MINUTE = 60
DAY = 24 * 3600


@pytest.fixture
def three(ann: Client) -> list[Client]:
    """Return clients with three sessions of one account, the oldest first."""
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


def test_current_session_is_the_one_of_the_request(three: list[Client]) -> None:
    found = shown(three[1], "current")

    assert found == [False, True, False]


def test_use_is_recorded_for_one_session_only(three: list[Client]) -> None:
    before = shown(three[1], "last_used_at")

    with later(6 * MINUTE):
        after = shown(three[1], "last_used_at")

    recorded = [new != old for old, new in zip(before, after, strict=True)]
    assert recorded == [False, True, False]


def test_refresh_replaces_the_token_of_one_session_only(three: list[Client]) -> None:
    response = refresh(three[1])

    assert response.status_code == 200
    assert statuses(three) == [200, 200, 200]
    assert [refresh(three[0]).status_code, refresh(three[2]).status_code] == [200, 200]


def test_refresh_extends_one_session_only(three: list[Client]) -> None:
    before = shown(three[1], "expires_at")

    with later(MINUTE):
        refresh(three[1])
        after = shown(three[1], "expires_at")

    longer = [new > old for old, new in zip(before, after, strict=True)]
    assert longer == [False, True, False]


def test_replayed_token_ends_one_session_only(three: list[Client]) -> None:
    refresh(three[1])

    with later(11):
        replayed = refresh(three[1])

    assert replayed.status_code == 401
    assert statuses(three) == [200, 401, 200]


def test_logout_ends_one_session_only(three: list[Client]) -> None:
    response = three[1].post("auth/logout")

    assert response.status_code == 204
    assert statuses(three) == [200, 401, 200]


def test_logout_from_all_sessions_ends_none_of_other_accounts(
    ann: Client, bob: Client
) -> None:
    cat = Client(ann.app, "cat").register().log_in()

    response = bob.post("auth/logout", {"all": True})

    assert response.status_code == 204
    assert statuses([ann, bob, cat]) == [200, 401, 200]


def test_purge_deletes_only_expired_sessions(ann: Client) -> None:
    with later(8 * DAY):
        again = another_session(ann)
        run(ann.app, "purge")

        found = again.get("users/me").status_code

    assert found == 200
    assert count(ann.app, "sessions") == 1


def test_session_of_a_newer_account_is_not_found(ann: Client, bob: Client) -> None:
    response = ann.delete(f"auth/sessions/{shown(bob, 'id')[0]}")

    assert_problem(response, 404, "not-found")
    assert bob.get("users/me").json == bob.user


def test_list_contains_no_session_of_another_account(ann: Client, bob: Client) -> None:
    cat = Client(ann.app, "cat").register().log_in()

    found = [shown(client, "current") for client in (ann, bob, cat)]

    assert found == [[True], [True], [True]]
