"""The command of schemathesis with the published configuration."""

import secrets
import shutil
from pathlib import Path

import pytest

from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.system.conftest import Serve
from tests.using.conftest import EXAMPLES
from tests.using.test_generated_clients import run

pytestmark = pytest.mark.slow
ADMIN = "root@example.net"


def token(server: Server, username: str) -> str:
    login = {"username": username, "password": PASSWORD}
    return str(server.call("POST", f"{API}/auth/login", login).json["access_token"])


def register(server: Server, username: str) -> int:
    login = {"username": username, "password": PASSWORD}
    return int(server.call("POST", f"{API}/auth/register", login).json["id"])


def test_schemathesis_finds_no_failures_and_warnings(
    serving: Serve, tmp_path: Path
) -> None:
    server = serving(FIRST_ADMIN_EMAIL=ADMIN, FIRST_ADMIN_PASSWORD=PASSWORD)
    user, other = (f"{name}-{secrets.token_hex(4)}" for name in ("user", "other"))
    register(server, user)
    variables = {
        "TOKEN": token(server, user),
        "ADMIN_TOKEN": token(server, ADMIN),
        "USER_ID": str(register(server, other)),
    }
    for file in EXAMPLES.glob("schemathesis*"):
        shutil.copy(file, tmp_path)
    document = f"http://127.0.0.1:{server.port}/openapi.json"

    output = run(tmp_path, f"schemathesis run {document} --no-color", **variables)

    assert "No issues found" in output
    assert "Operations:       54 selected / 58 total" in output
    assert "WARNINGS" not in output
