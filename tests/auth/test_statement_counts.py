"""Numbers of SQL statements of authentication."""

from tests.helpers.client import PASSWORD, Client


def test_request_loads_caller_and_account_in_one_statement(
    ann: Client, statements: list[str]
) -> None:
    statements.clear()

    response = ann.get("users/me")

    assert response.status_code == 200
    assert len(statements) == 1


def test_refresh_is_one_statement(ann: Client, statements: list[str]) -> None:
    token = {"refresh_token": ann.tokens["refresh_token"]}
    statements.clear()

    response = ann.post("auth/refresh", token)

    assert response.status_code == 200
    assert len(statements) == 1


def test_login_is_ten_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    ann.log_in()

    assert len(statements) == 10  # user, 3 counters, 4 to reset them, 2 for sessions


def test_registration_is_three_statements(
    anonymous: Client, statements: list[str]
) -> None:
    response = anonymous.post(
        "auth/register", {"username": "ann", "password": PASSWORD}
    )

    assert response.status_code == 201
    assert len(statements) == 3  # account, personal project, membership


def test_logout_is_two_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    response = ann.post("auth/logout")

    assert response.status_code == 204
    assert len(statements) == 2
