"""What operators do at the command line, and what it does to accounts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup

from tests.support import PASSWORD, Client, refused

ROOT = Path(__file__).parents[1]
FLASK = str(Path(sys.executable).with_name("flask"))
OTHER = "an evening at the sea"
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Return what runs `flask` with these words, and types at its prompts."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    def invoke(*words: str, typed: str = "") -> Result:
        return app.test_cli_runner().invoke(cli, words, input=typed)

    return invoke


@pytest.fixture
def admin(app: Flask, run: Run) -> Client:
    """Return the first administrator, who has logged in."""
    made = run("users", "create", "--admin", *named("root"), *secret(PASSWORD))
    assert made.exit_code == 0, made.output
    return Client(app, "root").log_in()


def named(name: str) -> list[str]:
    return ["--email", f"{name}@example.org"]


def secret(password: str) -> list[str]:
    return ["--password", password]


def login(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"email": f"{name}@example.org", "password": password}


def start(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does, in a process of its own."""
    command = [FLASK, *words]
    return subprocess.run(  # noqa: S603 - our own commands
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )


def test_an_account_is_made_from_options(run: Run, anyone: Client) -> None:
    name = ["--username", "ann", "--full-name", "Ann Lee"]

    made = run("users", "create", *named("ann"), *name, *secret(PASSWORD))

    assert made.exit_code == 0
    assert made.output.startswith("Created user ")
    assert made.output.endswith(": ann@example.org\n")
    assert anyone.post("auth/login", login("ann")).status_code == 200


def test_an_account_is_made_from_answers(app: Flask, run: Run) -> None:
    typed = f"ann@example.org\n{PASSWORD}\n{PASSWORD}\n"

    made = run("users", "create", typed=typed)

    me = Client(app, "ann").log_in().get("users/me").json
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert (me["email"], me["role"]) == ("ann@example.org", "user")


def test_a_password_that_is_typed_twice_in_two_ways_makes_nothing(run: Run) -> None:
    typed = f"{PASSWORD}\n{OTHER}\n"

    made = run("users", "create", *named("ann"), typed=typed)

    assert made.exit_code == 1
    assert "do not match" in made.output
    assert PASSWORD not in made.output
    assert "ann" not in run("users", "list").output


def test_the_first_admin_comes_from_the_command_line(admin: Client) -> None:
    me = admin.get("users/me").json

    assert (me["role"], me["is_active"]) == ("admin", True)


@pytest.mark.parametrize(
    ("options", "said"),
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
def test_what_registration_refuses_is_refused_in_a_line(
    run: Run, options: list[str], said: str
) -> None:
    made = run("users", "create", *options)

    assert made.exit_code == 1
    assert made.output.startswith(f"Error: {said}")
    assert made.output.count("\n") == 1
    assert run("users", "list").output.count("\n") == 1


@pytest.mark.parametrize(
    "taken", [named("ann"), ["--username", "ann.lee"]], ids=["email", "username"]
)
def test_a_taken_name_is_refused_and_makes_nothing(
    run: Run, ann: Client, taken: list[str]
) -> None:
    ann.patch("users/me", {"username": "ann.lee"})
    before = run("users", "list").output

    made = run("users", "create", *taken, *secret(PASSWORD))

    assert made.exit_code == 1
    assert made.output.startswith("Error: This ")
    assert made.output.count("\n") == 1
    assert run("users", "list").output == before


def test_the_list_shows_every_account_and_no_hash(
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


def test_the_list_is_also_json_as_administrators_see_it(
    run: Run, admin: Client, ann: Client
) -> None:
    printed = json.loads(run("users", "list", "--json").stdout)

    assert printed == sorted(admin.get("users").json["items"], key=itemgetter("id"))


@pytest.mark.parametrize("name", ["ann@example.org", "ANN@Example.org", "ann.lee"])
def test_an_account_is_promoted_by_any_of_its_names(
    run: Run, ann: Client, name: str
) -> None:
    ann.patch("users/me", {"username": "ann.lee"})

    done = run("users", "promote", name)

    me = ann.get("users/me").json
    assert (done.exit_code, done.stdout) == (
        0,
        "ann@example.org is now an administrator.\n",
    )
    assert me["role"] == "admin"


def test_a_deactivated_account_is_out_at_once(
    run: Run, ann: Client, anyone: Client
) -> None:
    done = run("users", "deactivate", "ann@example.org")

    access = ann.get("users/me")
    refresh = anyone.post("auth/refresh", {k: ann.tokens[k] for k in ["refresh_token"]})
    assert done.exit_code == 0
    refused(access, 401, "session-revoked")
    refused(refresh, 401, "session-revoked")
    refused(anyone.post("auth/login", login("ann")), 403, "account-disabled")


def test_the_last_admin_stays_and_stays_logged_in(run: Run, admin: Client) -> None:
    done = run("users", "deactivate", "root@example.org")

    me = admin.get("users/me")
    assert done.exit_code == 1
    assert done.output.startswith("Error: This is the last active admin")
    assert (me.status_code, me.json["is_active"]) == (200, True)


def test_one_of_two_admins_can_go(run: Run, admin: Client, ann: Client) -> None:
    run("users", "promote", "ann@example.org")

    done = run("users", "deactivate", "root@example.org")

    assert done.exit_code == 0
    refused(admin.get("users/me"), 401, "session-revoked")
    assert ann.get("users/me").status_code == 200


@pytest.mark.parametrize(
    ("options", "typed"),
    [(secret(OTHER), ""), ([], f"{OTHER}\n{OTHER}\n")],
    ids=["option", "prompt"],
)
def test_a_new_password_ends_what_the_old_one_began(
    run: Run, ann: Client, anyone: Client, options: list[str], typed: str
) -> None:
    done = run("users", "reset-password", "ann@example.org", *options, typed=typed)

    assert done.exit_code == 0
    assert OTHER not in done.output
    refused(ann.get("users/me"), 401, "session-revoked")
    refused(anyone.post("auth/login", login("ann")), 401, "invalid-credentials")
    assert anyone.post("auth/login", login("ann", OTHER)).status_code == 200


@pytest.mark.parametrize(
    "password",
    ["short", "password123", "ann@example.org", "x" * 129],
    ids=["short", "common", "own-name", "long"],
)
def test_a_password_that_is_refused_changes_nothing(
    run: Run, ann: Client, anyone: Client, password: str
) -> None:
    done = run("users", "reset-password", "ann@example.org", *secret(password))

    assert done.exit_code == 1
    assert done.output.startswith("Error: password: ")
    assert ann.get("users/me").status_code == 200
    assert anyone.post("auth/login", login("ann")).status_code == 200


@pytest.mark.parametrize(
    "words",
    [
        ["users", "promote"],
        ["users", "deactivate"],
        ["users", "reset-password", *secret(PASSWORD)],
        ["api-keys", "create", "--name", "cron"],
        ["api-keys", "list"],
        ["sessions", "end"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_an_unknown_account_is_named_in_a_line(run: Run, words: list[str]) -> None:
    done = run(*words, "nobody")

    assert (done.exit_code, done.output) == (
        1,
        "Error: There is no account named nobody.\n",
    )


def test_commands_keep_what_they_did_in_a_process_of_their_own(tmp_path: Path) -> None:
    address = {"DATABASE_URL": f"sqlite:///{tmp_path}/tasks.db", "BCRYPT_ROUNDS": "4"}
    variables = {"PATH": os.environ["PATH"]} | address
    create = ["users", "create", "--username", "ann", *secret(PASSWORD)]

    migrated = start(variables, "db", "upgrade")
    made = start(variables, *create)
    listed = start(variables, "users", "list")
    key = start(variables, "api-keys", "create", "ann", "--name", "backup")

    assert (migrated.returncode, made.returncode, listed.returncode) == (0, 0, 0)
    assert listed.stdout.split()[-1] == "ann"
    assert re.fullmatch(r"tsk_\S+\n", key.stdout), "nothing else is piped"


def test_commands_keep_what_they_did_under_the_runner_of_flask(
    app: Flask, run: Run
) -> None:
    create = ["users", "create", *named("ann"), *secret(PASSWORD)]

    made = app.test_cli_runner().invoke(args=create)

    assert made.exit_code == 0
    assert "ann@example.org" in run("users", "list").output


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["create", "root@example.org", "--name", ""], "name: Length"),
        (["create", "root@example.org", "--name", "x" * 101], "name: Length"),
        (["create", "root@example.org", "--name", "a\x00b"], "name: "),
        (["revoke", "root@example.org", "0"], "KEY_ID"),
        (["revoke", "root@example.org", "9" * 20], "KEY_ID"),
    ],
    ids=["empty", "long", "NUL", "no id", "long id"],
)
def test_what_is_wrong_with_a_key_is_told_in_a_line(
    run: Run, admin: Client, words: list[str], named: str
) -> None:
    refused = run("api-keys", *words)

    assert refused.exit_code != 0
    assert isinstance(refused.exception, SystemExit)
    assert named in refused.output
    assert len(run("api-keys", "list", "root@example.org").output.splitlines()) == 1


@pytest.mark.parametrize("words", [["users", "list"], ["purge"]], ids=" ".join)
def test_a_database_that_is_not_migrated_is_told_in_a_line(
    tmp_path: Path, words: list[str]
) -> None:
    address = {"DATABASE_URL": f"sqlite:///{tmp_path}/tasks.db"}

    done = start({"PATH": os.environ["PATH"]} | address, *words)

    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(
        "Error: The database is unreachable or has no current schema"
    )
