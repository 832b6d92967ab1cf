"""Administration of one of three accounts does not affect the others."""

import pytest

from tests.api_keys.clients import key_client
from tests.helpers.client import PASSWORD, Client


@pytest.fixture
def three(root: Client) -> list[Client]:
    """Return clients of three accounts, the oldest account first."""
    return [
        Client(root.app, name).register().log_in() for name in ("ann", "bob", "cat")
    ]


def address(client: Client) -> str:
    return f"users/{client.user['id']}"


def register(client: Client, *names: dict[str, str]) -> None:
    """Create an account with each name."""
    responses = [
        client.post("auth/register", n | {"password": PASSWORD}) for n in names
    ]
    assert {response.status_code for response in responses} == {201}


def test_one_of_three_accounts_is_deactivated(
    root: Client, three: list[Client]
) -> None:
    scripts = [key_client(client) for client in three]

    response = root.patch(address(three[1]), {"is_active": False})

    assert response.status_code == 200
    assert [c.get("users/me").status_code for c in three] == [200, 401, 200]
    assert [c.get("tasks").status_code for c in scripts] == [200, 401, 200]


@pytest.mark.parametrize(
    "change", [{"role": "admin"}, {"is_active": True}], ids=["raised", "as-it-was"]
)
def test_change_without_deactivation_ends_no_session(
    root: Client, three: list[Client], change: dict[str, object]
) -> None:
    script = key_client(three[1])

    response = root.patch(address(three[1]), change)

    assert response.status_code == 200
    assert three[1].get("users/me").json == response.json
    assert script.get("tasks").status_code == 200


def test_one_of_three_accounts_is_promoted(root: Client, three: list[Client]) -> None:
    response = root.patch(address(three[1]), {"role": "admin"})

    seen = [client.get("users/me").json["role"] for client in three]
    assert response.status_code == 200
    assert seen == ["user", "admin", "user"]


def test_one_of_three_accounts_is_deleted(root: Client, three: list[Client]) -> None:
    response = root.delete(address(three[1]))

    assert response.status_code == 204
    assert [c.get("users/me").status_code for c in three] == [200, 401, 200]
    assert [root.get(address(c)).status_code for c in three] == [200, 404, 200]


@pytest.mark.parametrize("query", ["ann_b", "NN_B", "_"])
def test_search_matches_characters_of_an_email_literally(
    root: Client, query: str
) -> None:
    register(root, {"email": "annxb@example.org"}, {"email": "ann_b@example.org"})

    found = root.get(f"users?q={query}").json["items"]

    assert [user["email"] for user in found] == ["ann_b@example.org"]


@pytest.mark.parametrize("query", ["ann_b", "NN_B", "_"])
def test_search_matches_characters_of_a_username_literally(
    root: Client, query: str
) -> None:
    register(root, {"username": "annxb"}, {"username": "ann_b"})

    found = root.get(f"users?q={query}").json["items"]

    assert [user["username"] for user in found] == ["ann_b"]
