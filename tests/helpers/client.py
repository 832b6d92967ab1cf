"""A client of the API, and assertions about its responses."""

import json
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from taskapi import db, passwords
from taskapi.users.schemas import UserSchema
from taskapi.web import tokens
from tests.helpers import documented
from tests.helpers.inserts import (
    insert_account,
    insert_personal_project,
    insert_session,
)

API = "/api/v1"
PASSWORD = "a long walk in the rain"
INTERNALS = (
    "Traceback",
    "sqlalchemy",
    "psycopg",
    "sqlite3",
    "SELECT ",
    'File "',
    "/site-",
)


class Client:
    """A client of the API, with a token after login."""

    def __init__(self, app: Flask, name: str = "") -> None:
        self.app = app
        self.name = name
        self.user: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.project_id = 0

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request; a path without a slash is one of the API.

        By default the response is read to its end, so that no open stream outlives the
        test.
        """
        options.setdefault("buffered", True)
        headers = dict(options.pop("headers", {}))
        if self.tokens:
            bearer = f"Bearer {self.tokens['access_token']}"
            headers = {"Authorization": bearer} | headers
        address = path if path.startswith("/") else f"{API}/{path}"
        client = self.app.test_client(use_cookies=False)
        response = client.open(address, method=method, headers=headers, **options)
        documented.check(self.app, method, response)
        return response

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("PATCH", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("PUT", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("DELETE", path, json=json, **options)

    def sign_in(self) -> "Client":
        """Insert an account and a session, without requests.

        Registration and login took half of the time of the tests.
        """
        with self.app.app_context(), db.transaction():
            user = insert_account(f"{self.name}@example.org", _hash())
            self.project_id = insert_personal_project(user.id)
            self.user = json.loads(self.app.json.dumps(UserSchema().dump(user)))
            self._insert_session()
        return self

    def start_session(self) -> "Client":
        """Return a client with another session of the account, without a request."""
        other = Client(self.app, self.name)
        other.user = self.user
        with self.app.app_context(), db.transaction():
            other._insert_session()
        return other

    def renew_session(self) -> None:
        """Replace the session, for example after a change of the time."""
        self.tokens = self.start_session().tokens

    def _insert_session(self) -> None:
        session = insert_session(self.user["id"])
        self.tokens = tokens.issue(self.user["id"], session.sid, session.refresh_id)

    def register(self) -> "Client":
        """Create the account of this name by a request."""
        account = {"email": f"{self.name}@example.org", "password": PASSWORD}
        response = self.post("auth/register", account)
        assert response.status_code == 201, response.text
        self.user = response.json
        return self

    def log_in(self, password: str = PASSWORD) -> "Client":
        """Begin a session by a request."""
        login = {"email": f"{self.name}@example.org", "password": password}
        response = self.post("auth/login", login)
        assert response.status_code == 200, response.text
        self.tokens = response.json
        return self

    def create_task(self, **fields: Any) -> dict[str, Any]:
        """Create a task, with a default title."""
        response = self.post("tasks", {"title": "Water the plants"} | fields)
        assert response.status_code == 201, response.text
        task: dict[str, Any] = response.json
        return task


@cache
def _hash() -> str:
    return passwords.make_hash(PASSWORD)


def assert_problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Assert that the response is this problem and reveals no internals."""
    problem: dict[str, Any] = response.json
    assert (response.status_code, problem["code"]) == (status, code), response.text
    assert response.content_type == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert not [word for word in INTERNALS if word in response.text]
    return problem


def field_errors(response: TestResponse) -> dict[str, str]:
    """Return the code of each error by its pointer or parameter."""
    problem = assert_problem(response, 422, "validation-error")
    return {f.get("pointer") or f["parameter"]: f["code"] for f in problem["errors"]}


def another_session(client: Client) -> Client:
    """Return a client with another session of the same account."""
    again = Client(client.app, client.name)
    again.user = client.user
    return again.log_in()


def with_app(client: Client, app: Flask) -> Client:
    """Return a client with the same credentials that calls another app."""
    other = Client(app, client.name)
    other.user, other.tokens = client.user, client.tokens
    return other
