"""An account has at most 50 sessions: one more login ends the oldest."""

from tests.helpers.client import PASSWORD, Client, another_session, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count

MAX_SESSIONS = 50


def start_sessions(client: Client, number: int) -> list[Client]:
    return [client.start_session() for _ in range(number)]


def test_login_beyond_the_limit_ends_the_oldest_session(ann: Client) -> None:
    oldest, second = ann, another_session(ann)
    start_sessions(ann, MAX_SESSIONS - 2)

    newest = another_session(ann)

    assert_problem(oldest.get("users/me"), 401, "session-revoked")
    token = {"refresh_token": oldest.tokens["refresh_token"]}
    assert_problem(Client(ann.app).post("auth/refresh", token), 401, "session-revoked")
    assert [c.get("users/me").status_code for c in (second, newest)] == [200, 200]
    assert count(ann.app, "sessions") == MAX_SESSIONS


def test_fifty_sessions_are_all_active(ann: Client) -> None:
    sessions = [ann, *start_sessions(ann, MAX_SESSIONS - 2), another_session(ann)]

    responses = [session.get("users/me") for session in sessions]

    assert {response.status_code for response in responses} == {200}


def test_sessions_of_other_accounts_do_not_count(ann: Client, bob: Client) -> None:
    start_sessions(ann, MAX_SESSIONS - 1)
    another_session(ann)

    assert bob.get("users/me").status_code == 200


def test_token_endpoint_enforces_the_limit(ann: Client) -> None:
    start_sessions(ann, MAX_SESSIONS - 1)
    form = {"grant_type": "password", "username": "ann@example.org"}

    response = Client(ann.app).call(
        "POST", "auth/token", data=form | {"password": PASSWORD}
    )

    assert response.status_code == 200
    assert_problem(ann.get("users/me"), 401, "session-revoked")


def test_rejected_login_ends_no_session(ann: Client) -> None:
    start_sessions(ann, MAX_SESSIONS - 1)
    wrong = {"email": "ann@example.org", "password": "a wrong password"}

    assert_problem(
        Client(ann.app).post("auth/login", wrong), 401, "invalid-credentials"
    )

    assert ann.get("users/me").status_code == 200


def test_concurrent_logins_keep_the_limit(ann: Client) -> None:
    start_sessions(ann, MAX_SESSIONS - 1)

    newest = run_concurrently(*[lambda: another_session(ann)] * 6)

    assert count(ann.app, "sessions") == MAX_SESSIONS
    assert {session.get("users/me").status_code for session in newest} == {200}
