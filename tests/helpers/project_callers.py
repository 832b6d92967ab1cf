"""Callers of operations on a project, and requests that name something of it."""

from collections.abc import Iterator
from functools import cached_property, reduce
from typing import Any

from flask import Flask
from sqlalchemy import insert
from werkzeug.test import TestResponse

from taskapi import clock, db
from taskapi.invitations.models import Invitation
from taskapi.projects.models import ProjectRole
from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.client import Client
from tests.helpers.rows import store_user
from tests.permissions import ACCESS, Kind
from tests.project_permissions import RANKS, Way
from tests.projects.support import (
    add_member,
    create_project,
    restricted_key,
    with_session,
)

Ids = dict[str, int]
ABSENT: Ids = dict.fromkeys(["project", "task", "user", "invitation"], 2**60)
OK = "ok"
TASKS = ("tasks:read", "tasks:write")


class Cast:
    """Members of a project, and those that do not see it, created on first use."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.owner = Client(app, "olga").sign_in()
        self.editor = Client(app, "ed").sign_in()
        self.viewer = Client(app, "vera").sign_in()
        self.mate = Client(app, "mia").sign_in()
        self.project, self.hidden = self.new_project()

    def new_project(self) -> tuple[dict[str, Any], Ids]:
        """Create a project with members, a task and an invitation; return its ids."""
        project = create_project(self.owner)
        for role in ("editor", "viewer"):
            add_member(project, getattr(self, role), role)
        add_member(project, self.mate, "viewer")
        mate = self.mate.user["id"]
        task = self.owner.create_task(project_id=project["id"], assignee_id=mate)
        self.owner.create_task(project_id=project["id"], parent_id=task["id"])
        return project, {
            "project": project["id"],
            "task": task["id"],
            "user": mate,
            "invitation": self._invite(project["id"]),
        }

    def _invite(self, project_id: int) -> int:
        now = clock.now()
        values = {
            "project_id": project_id,
            "role": ProjectRole.VIEWER,
            "username": "dan",
            "created_at": now,
            "updated_at": now,
            "expires_at": now.replace(year=now.year + 1),
        }
        row = insert(Invitation).values(values).returning(Invitation.id)
        with self.app.app_context(), db.transaction():
            return int(db.session.scalar(row) or 0)

    @cached_property
    def outsider(self) -> Client:
        return Client(self.app, "sam").sign_in()

    @cached_property
    def admin(self) -> Client:
        root = Client(self.app, "root").sign_in()
        store_user(root, role="admin")
        return root

    @cached_property
    def former(self) -> Client:
        """A former editor, and `former_key` of the time before."""
        fred = Client(self.app, "fred").sign_in()
        add_member(self.project, fred, "editor")
        key = key_client(fred, *TASKS)
        self.former_key = key
        path = f"projects/{self.project['id']}/members/{fred.user['id']}"
        assert self.owner.delete(path).status_code == 204
        return fred

    def key(self) -> KeyClient:
        """Return a key of the editor that reaches everything."""
        return with_ids(key_client(self.editor, *TASKS), self.editor)

    def restricted(self) -> KeyClient:
        """Return a key of the owner that reaches the personal project only."""
        key = restricted_key(self.owner, self.owner.project_id)
        return with_ids(key, self.owner)

    def caller(self, name: str) -> Client:
        """Return one of the callers that do not see the project."""
        if name == "former_key":
            return (
                with_ids(self.former_key, self.former) if self.former else self.former
            )
        if name == "restricted":
            return self.restricted()
        if name == "restricted_with_session":
            return with_session(self.restricted(), self.owner)
        return getattr(self, name)  # type: ignore[no-any-return] # a property


def with_ids(key: KeyClient, owner: Client) -> KeyClient:
    """Return the client of a key with the ids of its owner."""
    key.user, key.project_id = owner.user, owner.project_id
    return key


def send(client: Client, way: Way, ids: Ids, own: int, **headers: str) -> TestResponse:
    """Send a request that names something in a place."""
    values = ids | {"own": own, "personal": client.project_id}
    method = way.operation.partition(" ")[0]
    path = way.path.format_map(values)
    if isinstance(way.body, str):
        csv = {"data": way.body, "headers": {"Content-Type": "text/csv"} | headers}
        return client.call(method, path, **csv)
    body = filled(way.body, values)
    return client.call(method, path, json=body, headers=headers)


def filled(value: Any, values: Ids) -> Any:
    """Replace the names in braces of a body."""
    if isinstance(value, dict):
        return {name: filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    named = isinstance(value, str) and value.startswith("{")
    return values[value[1:-1]] if named else value


def expected_outcome(way: Way, role: str, *, has_key: bool = False) -> str:
    """Return the outcome of a request of a member that names something visible."""
    if has_key and ACCESS[way.operation].kind is Kind.SESSION:
        return "session-required"
    suffices = RANKS.index(role) >= RANKS.index(str(way.role))
    return OK if suffices else "role-required"


def hidden_status(
    way: Way, *, has_key: bool = False, is_restricted: bool = False
) -> int:
    """Return the status of a request that names something that does not exist."""
    if has_key and ACCESS[way.operation].kind is Kind.SESSION:
        return 403
    if is_restricted and way.operation.endswith(("/accept", "/decline", "/api-keys")):
        return 403
    if way.place.startswith("#"):
        return 422
    is_filter = "?" in way.path and "/me/" not in way.path
    return 200 if is_filter and f"{{{way.place}}}" not in way.operation else 404


def places(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each place of an operation that names a project or something of one."""
    for path, item in document["paths"].items():
        for method in {"get", "put", "post", "patch", "delete"} & set(item):
            operation = f"{method.upper()} {path}"
            declared = item.get("parameters", []) + item[method].get("parameters", [])
            names = [_resolved(document, one).get("name", "") for one in declared]
            content = item[method].get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            names += _pointers(document, schema, "#", ())
            named = [name for name in names if _names_something(name)]
            yield from ((operation, name) for name in named)


def _names_something(place: str) -> bool:
    name = place.removesuffix("/*").rpartition("/")[2]
    return name in {
        *("project_id", "task_id", "user_id", "invitation_id"),
        *("parent_id", "assignee_id", "id", "ids", "delete"),
    } and not place.endswith("delete")


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    names = part.get("$ref", "#").split("/")[1:]
    return reduce(lambda found, name: found[name], names, document) if names else part


def _pointers(
    document: dict[str, Any], schema: dict[str, Any], at: str, above: tuple[str, ...]
) -> list[str]:
    """Return the pointers of all members of a body, without repetitions of a schema."""
    reference = schema.get("$ref", "")
    if reference in above:
        return []
    above = (*above, reference) if reference else above
    schema = _resolved(document, schema)
    found = []
    for name, one in schema.get("properties", {}).items():
        found += [f"{at}/{name}", *_pointers(document, one, f"{at}/{name}", above)]
    if "items" in schema:
        found += [f"{at}/*", *_pointers(document, schema["items"], f"{at}/*", above)]
    for one in schema.get("allOf", []) + schema.get("anyOf", []):
        found += _pointers(document, one, at, above)
    return found
