"""The list of accounts and single accounts, for administrators."""

from typing import Any

import pytest

from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors

CALLS: list[tuple[str, str, Any]] = [
    ("GET", "users", None),
    ("GET", "users/{id}", None),
    ("PATCH", "users/{id}", {"role": "admin"}),
    ("DELETE", "users/{id}", None),
]


def names(client: Client, query: str = "") -> list[str]:
    """Return the accounts of a list by the first part of their address."""
    response = client.get(f"users{query}")
    assert response.status_code == 200, response.text
    return [user["email"].partition("@")[0] for user in response.json["items"]]


@pytest.mark.one_database
@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_user_without_admin_role_is_rejected(
    ann: Client, method: str, path: str, body: Any
) -> None:
    response = ann.call(method, path.format(id=ann.user["id"]), json=body)

    assert_problem(response, 403, "admin-required")
    assert ann.get("users/me").json == ann.user


@pytest.mark.parametrize("user_id", ["1", str(2**60)])
def test_user_cannot_learn_which_accounts_exist(ann: Client, user_id: str) -> None:
    response = ann.get(f"users/{user_id}")

    assert_problem(response, 403, "admin-required")


def test_accounts_are_listed_newest_first(
    root: Client, ann: Client, bob: Client
) -> None:
    response = root.get("users?include_total=true")

    assert response.json["items"] == [bob.user, ann.user, root.user]
    assert response.json["total"] == 3


def test_accounts_are_paginated(root: Client, ann: Client, bob: Client) -> None:
    first = root.get("users?limit=2").json
    second = root.get(f"users?limit=2&cursor={first['next_cursor']}").json

    assert first["items"] + second["items"] == [bob.user, ann.user, root.user]
    assert second["next_cursor"] is None


def test_cursor_of_another_filter_is_rejected(
    root: Client, ann: Client, bob: Client
) -> None:
    cursor = root.get("users?limit=1&role=user").json["next_cursor"]

    response = root.get(f"users?limit=1&role=admin&cursor={cursor}")

    assert_problem(response, 422, "invalid-cursor")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?role=admin", ["root"]),
        ("?role=user", ["bob", "ann"]),
        ("?is_active=true", ["bob", "ann", "root"]),
        ("?is_active=false", []),
        ("?q=ann", ["ann"]),
        ("?q=ANN@", ["ann"]),
        ("?q=example", ["bob", "ann", "root"]),
        ("?q=%25", []),
        ("?q=_", []),
        ("?q=o&role=user", ["bob", "ann"]),
        ("?q=unknown", []),
    ],
)
def test_accounts_are_filtered(
    root: Client, ann: Client, bob: Client, query: str, expected: list[str]
) -> None:
    found = names(root, query)

    assert found == expected


def test_deactivated_accounts_are_listed(root: Client, ann: Client) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    found = names(root, "?is_active=false")

    assert found == ["ann"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("role=boss", {"role": "choice"}),
        ("is_active=maybe", {"is_active": "type"}),
        ("q=", {"q": "length"}),
        ("q=" + "a" * 201, {"q": "length"}),
        ("colour=red", {"colour": "unknown"}),
        ("limit=0", {"limit": "range"}),
    ],
    ids=["role", "is-active", "q-empty", "q-long", "unknown", "limit"],
)
def test_invalid_filter_is_rejected(
    root: Client, query: str, expected: dict[str, str]
) -> None:
    response = root.get(f"users?{query}")

    assert field_errors(response) == expected


def test_account_is_returned_with_its_version(root: Client, ann: Client) -> None:
    response = root.get(f"users/{ann.user['id']}")

    again = root.get(
        f"users/{ann.user['id']}", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert (response.status_code, response.json) == (200, ann.user)
    assert response.headers["ETag"] == f'"{ann.user["version"]}"'
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.one_database
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("user_id", ["0", "01", "x", str(2**62), str(2**63)])
def test_unknown_account_is_not_found(root: Client, method: str, user_id: str) -> None:
    body = {"role": "user"} if method == "PATCH" else None

    response = root.call(method, f"users/{user_id}", json=body)

    assert_problem(response, 404, "not-found")


@pytest.mark.one_database
def test_response_contains_no_password_hash(root: Client, ann: Client) -> None:
    responses = root.get("users"), root.get(f"users/{ann.user['id']}")

    assert [r for r in responses if "$2b$" in r.text or "password" in r.text] == []


def test_key_with_the_admin_scope_reads_accounts(root: Client, ann: Client) -> None:
    script = key_client(root, "admin")

    response = script.get(f"users/{ann.user['id']}")

    assert response.json == ann.user
