"""The commands `flask users`."""

import json
from operator import itemgetter

import pytest
from flask import Flask

from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.commands import (
    Run,
    command_runner,
    create_admin,
    named,
    secret,
)

OTHER = "an evening at the sea"


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs `flask` with arguments and input."""
    return command_runner(app)


@pytest.fixture
def admin(app: Flask) -> Client:
    """Return the first administrator, logged in."""
    return create_admin(app)


def login(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"email": f"{name}@example.org", "password": password}


def test_create_user_takes_options(run: Run, anonymous: Client) -> None:
    name = ["--username", "ann", "--full-name", "Ann Lee"]

    made = run("users", "create", *named("ann"), *name, *secret(PASSWORD))

    assert made.exit_code == 0
    assert made.output.startswith("Created user ")
    assert made.output.endswith(": ann@example.org\n")
    assert anonymous.post("auth/login", login("ann")).status_code == 200


@pytest.mark.one_database
def test_create_user_prompts_for_missing_options(app: Flask, run: Run) -> None:
    typed = f"ann@example.org\n{PASSWORD}\n{PASSWORD}\n"

    made = run("users", "create", typed=typed)

    me = Client(app, "ann").log_in().get("users/me").json
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert (me["email"], me["role"]) == ("ann@example.org", "user")


@pytest.mark.one_database
def test_create_user_rejects_different_passwords(run: Run) -> None:
    typed = f"{PASSWORD}\n{OTHER}\n"

    made = run("users", "create", *named("ann"), typed=typed)

    assert made.exit_code == 1
    assert "do not match" in made.output
    assert PASSWORD not in made.output
    assert "ann" not in run("users", "list").output


def test_create_user_creates_an_administrator(admin: Client) -> None:
    me = admin.get("users/me").json

    assert (me["role"], me["is_active"]) == ("admin", True)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([*named("ann"), *secret("short")], "password: "),
        ([*named("ann"), *secret("password123")], "password: "),
        ([*named("ann"), *secret("ann@example.org")], "password: "),
        ([*named("ann"), *secret("x" * 129)], "password: "),
        (["--email", "ann@", *secret(PASSWORD)], "email: "),
        (["--username", "a n n", *secret(PASSWORD)], "username: "),
        ([*named("ann"), "--full-name", "a\nb", *secret(PASSWORD)], "full_name: "),
    ],
    ids=["short", "common", "own-name", "long", "email", "username", "control"],
)
def test_create_user_rejects_invalid_values(
    run: Run, options: list[str], message: str
) -> None:
    made = run("users", "create", *options)

    assert made.exit_code == 1
    assert made.output.startswith(f"Error: {message}")
    assert made.output.count("\n") == 1
    assert run("users", "list").output.count("\n") == 1


@pytest.mark.parametrize(
    "taken", [named("ann"), ["--username", "ann.lee"]], ids=["email", "username"]
)
def test_create_user_rejects_a_taken_name(
    run: Run, ann: Client, taken: list[str]
) -> None:
    ann.patch("users/me", {"username": "ann.lee"})
    before = run("users", "list").output

    made = run("users", "create", *taken, *secret(PASSWORD))

    assert made.exit_code == 1
    assert made.output.startswith("Error: This ")
    assert made.output.count("\n") == 1
    assert run("users", "list").output == before


def test_list_users_prints_all_accounts_without_hashes(
    run: Run, admin: Client, ann: Client
) -> None:
    run("users", "deactivate", "ann@example.org")

    head, *lines = run("users", "list").output.splitlines()

    assert head.split() == ["ID", "ROLE", "STATE", "NAME"]
    assert [line.split()[1:] for line in lines] == [
        ["admin", "active", "root@example.org"],
        ["user", "disabled", "ann@example.org"],
    ]
    assert not [line for line in lines if "$2b$" in line]


@pytest.mark.one_database
def test_list_users_prints_json(run: Run, admin: Client, ann: Client) -> None:
    printed = json.loads(run("users", "list", "--json").stdout)

    assert printed == sorted(admin.get("users").json["items"], key=itemgetter("id"))


@pytest.mark.one_database
@pytest.mark.parametrize("name", ["ann@example.org", "ANN@Example.org", "ann.lee"])
def test_promote_accepts_email_and_username(run: Run, ann: Client, name: str) -> None:
    ann.patch("users/me", {"username": "ann.lee"})

    result = run("users", "promote", name)

    me = ann.get("users/me").json
    assert (result.exit_code, result.stdout) == (
        0,
        "ann@example.org is now an administrator.\n",
    )
    assert me["role"] == "admin"


def test_deactivate_ends_sessions_immediately(
    run: Run, ann: Client, anonymous: Client
) -> None:
    result = run("users", "deactivate", "ann@example.org")

    access = ann.get("users/me")
    refresh = anonymous.post(
        "auth/refresh", {k: ann.tokens[k] for k in ["refresh_token"]}
    )
    assert result.exit_code == 0
    assert_problem(access, 401, "session-revoked")
    assert_problem(refresh, 401, "session-revoked")
    assert_problem(anonymous.post("auth/login", login("ann")), 403, "account-disabled")


def test_deactivate_rejects_the_last_administrator(run: Run, admin: Client) -> None:
    result = run("users", "deactivate", "root@example.org")

    me = admin.get("users/me")
    assert result.exit_code == 1
    assert result.output.startswith("Error: This is the last active admin")
    assert (me.status_code, me.json["is_active"]) == (200, True)


def test_deactivate_accepts_one_of_two_administrators(
    run: Run, admin: Client, ann: Client
) -> None:
    run("users", "promote", "ann@example.org")

    result = run("users", "deactivate", "root@example.org")

    assert result.exit_code == 0
    assert_problem(admin.get("users/me"), 401, "session-revoked")
    assert ann.get("users/me").status_code == 200


@pytest.mark.parametrize(
    ("options", "typed"),
    [(secret(OTHER), ""), ([], f"{OTHER}\n{OTHER}\n")],
    ids=["option", "prompt"],
)
def test_reset_password_ends_sessions(
    run: Run, ann: Client, anonymous: Client, options: list[str], typed: str
) -> None:
    result = run("users", "reset-password", "ann@example.org", *options, typed=typed)

    assert result.exit_code == 0
    assert OTHER not in result.output
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(
        anonymous.post("auth/login", login("ann")), 401, "invalid-credentials"
    )
    assert anonymous.post("auth/login", login("ann", OTHER)).status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize(
    "password",
    ["short", "password123", "ann@example.org", "x" * 129],
    ids=["short", "common", "own-name", "long"],
)
def test_reset_password_rejects_weak_passwords(
    run: Run, ann: Client, anonymous: Client, password: str
) -> None:
    result = run("users", "reset-password", "ann@example.org", *secret(password))

    assert result.exit_code == 1
    assert result.output.startswith("Error: password: ")
    assert ann.get("users/me").status_code == 200
    assert anonymous.post("auth/login", login("ann")).status_code == 200
