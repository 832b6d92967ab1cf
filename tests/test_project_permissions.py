"""Every place that names something of a project, for every kind of caller.

What a caller does not see gets the same response as what does not exist, from the same
statements. Members are accepted or rejected by their role.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api_keys.clients import KeyClient
from tests.auth.timing import EQUAL_RANGE, likelihood
from tests.helpers.client import Client, assert_problem
from tests.helpers.project_callers import (
    ABSENT,
    OK,
    Cast,
    expected_outcome,
    hidden_status,
    places,
    send,
    with_ids,
)
from tests.permissions import ACCESS, Kind
from tests.project_permissions import WAYS, Way
from tests.projects.support import restricted_key

pytestmark = pytest.mark.one_database

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"
VOLATILE = {"X-Request-ID", "Content-Length", "Server-Timing", "ETag", "Date"}
GRANTED = [way for way in WAYS if way.role]


@pytest.fixture
def cast(app: Flask) -> Cast:
    return Cast(app)


def visible(response: TestResponse) -> tuple[int, object, dict[str, str]]:
    """Return what the response reveals, without what differs between requests."""
    headers = {k: v for k, v in response.headers.items() if k not in VOLATILE}
    body = response.json if response.is_json else response.text
    if isinstance(body, dict):
        body = body | {"request_id": None, "instance": None}
    return response.status_code, body, headers


def everything(cast: Cast) -> list[Any]:
    """Return what the owner sees of the project."""
    project = cast.hidden["project"]
    paths = [
        f"projects/{project}",
        f"projects/{project}/members",
        f"projects/{project}/invitations",
        f"tasks?project_id={project}",
        f"tasks?project_id={project}&deleted=true",
    ]
    return [cast.owner.get(path).json for path in paths]


def test_table_has_every_place_of_the_document() -> None:
    document = json.loads(DOCUMENT.read_text())
    for_members = {
        (operation, place)
        for operation, place in places(document)
        if ACCESS[operation].kind in {Kind.OWN, Kind.SESSION}
    }

    assert {(way.operation, way.place) for way in WAYS} == for_members


@pytest.mark.parametrize(
    "name",
    [
        *("outsider", "former_key", "restricted_with_session"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("former", "restricted", "admin")
        ),
    ],
)
def test_hidden_project_looks_nonexistent(
    cast: Cast, name: str, statements: list[str]
) -> None:
    client = cast.caller(name)
    own = client.create_task()["id"]
    has_key = isinstance(client, KeyClient) and not client.tokens
    is_restricted = name == "restricted_with_session"
    before = everything(cast)

    for way in WAYS:
        statements.clear()
        hidden = send(client, way, cast.hidden, own)
        sent = list(statements)
        statements.clear()
        absent = send(client, way, ABSENT, own)

        expected = hidden_status(way, has_key=has_key, is_restricted=is_restricted)
        assert hidden.status_code == expected, way
        assert visible(hidden) == visible(absent), way
        assert sent == statements, way
    assert everything(cast) == before
    assert client.get(f"tasks/{own}").json["version"] == 1


def test_anonymous_client_is_rejected(cast: Cast) -> None:
    anonymous = Client(cast.app)
    anonymous.project_id = 1

    for way in WAYS:
        for ids in (cast.hidden, ABSENT):
            response = send(anonymous, way, ids, own=1)

            assert_problem(response, 401, "token-missing")


@pytest.mark.parametrize("role", ["viewer", "editor", "owner", "key"])
def test_member_is_accepted_by_role(cast: Cast, role: str) -> None:
    client = cast.key() if role == "key" else getattr(cast, role)
    rank = "editor" if role == "key" else role
    ids = cast.hidden
    own = client.create_task()["id"]

    for way in GRANTED:
        wanted = expected_outcome(way, rank, has_key=role == "key")
        response = send(client, way, ids, own)

        assert outcome(response) == wanted, (way, response.text)
        if wanted == OK and not way.operation.startswith("GET"):
            own, ids = client.create_task()["id"], cast.new_project()[1]


def outcome(response: TestResponse) -> str:
    return response.json["code"] if response.status_code >= 400 else OK


def test_key_for_the_project_is_accepted_by_role(cast: Cast) -> None:
    key = with_ids(restricted_key(cast.viewer, cast.hidden["project"]), cast.viewer)
    own = cast.viewer.create_task()["id"]

    for way in GRANTED:
        response = send(key, way, cast.hidden, own)

        assert outcome(response) == restricted_outcome(way), (way, response.text)


def restricted_outcome(way: Way) -> str:
    """Return the outcome for a viewer whose key does not reach the own project."""
    if "{own}" in f"{way.path}{way.body}":
        return "not-found" if "{own}" in way.path else "validation-error"
    if "{personal}" in str(way.body):
        return "validation-error"
    return expected_outcome(way, "viewer", has_key=True)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.operation} {way.place}")
def test_hidden_project_takes_as_long_as_nonexistent(cast: Cast, way: Way) -> None:
    own = cast.outsider.create_task()["id"]

    measured = likelihood(
        cast.outsider,
        lambda client: send(client, way, cast.hidden, own),
        lambda client: send(client, way, ABSENT, own),
    )

    low, high = EQUAL_RANGE
    assert low < measured < high
