"""How often the database is asked."""

from tests.support import PASSWORD, Client


def test_a_request_finds_caller_and_account_in_one_statement(
    ann: Client, statements: list[str]
) -> None:
    statements.clear()

    answer = ann.get("users/me")

    assert answer.status_code == 200
    assert len(statements) == 1


def test_a_refresh_is_one_statement(ann: Client, statements: list[str]) -> None:
    token = {"refresh_token": ann.tokens["refresh_token"]}
    statements.clear()

    answer = ann.post("auth/refresh", token)

    assert answer.status_code == 200
    assert len(statements) == 1


def test_a_login_is_ten_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    ann.log_in()

    assert len(statements) == 10  # user, 3 counts, 4 to take them back, 2 of sessions


def test_a_registration_is_one_statement(anyone: Client, statements: list[str]) -> None:
    answer = anyone.post("auth/register", {"username": "ann", "password": PASSWORD})

    assert answer.status_code == 201
    assert len(statements) == 1


def test_a_logout_is_two_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    answer = ann.post("auth/logout")

    assert answer.status_code == 204
    assert len(statements) == 2
