"""A server that programs and pages use from outside."""

import os
import secrets
import shutil
from typing import NamedTuple

import pytest

from tests.support import API, PASSWORD
from tests.system.conftest import Serve, serving
from tests.system.server import Server

__all__ = ["serving"]


def need(*programs: str) -> str:
    """Return the path of the one that is there; where none is, only CI fails."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        said = f"needs {programs[0]}, from the Debian package of that name"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    return str(found)


class Account(NamedTuple):
    """Somebody who has an account on the server, and no tasks yet."""

    name: str
    address: str
    access_token: str


@pytest.fixture(scope="session")
def service(serving: Serve) -> Server:
    """Return a server that all of them share."""
    return serving()


@pytest.fixture
def account(service: Server) -> Account:
    """Return somebody new, who has logged in."""
    name = f"ann-{secrets.token_hex(4)}"
    login = {"username": name, "password": PASSWORD}
    made = service.call("POST", f"{API}/auth/register", login)
    assert made.status == 201, made.body
    tokens = service.call("POST", f"{API}/auth/login", login).json
    return Account(name, f"http://127.0.0.1:{service.port}", tokens["access_token"])
