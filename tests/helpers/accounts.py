"""The clients that tests of permissions call operations with."""

import re
from collections.abc import Iterable
from functools import cache, cached_property

from sqlalchemy import update

from taskapi import clock, db
from taskapi.api_keys.models import ApiKey
from taskapi.projects import service as projects
from taskapi.projects.models import ProjectRole
from taskapi.scopes import IMPLIED, Scope
from tests.api_keys.clients import KeyClient, create_key, key_client
from tests.auth.token_signing import access_of, with_time
from tests.helpers.client import Client, another_session
from tests.helpers.rows import store_user
from tests.permissions import ACCESS

USER_SCOPES = set(Scope) - {Scope.ADMIN}


class Accounts:
    """The owner of the requested resources, and other clients, created on first use."""

    def __init__(self, owner: Client) -> None:
        self.owner = owner
        self.values: dict[str, object] = {
            "user_id": owner.user["id"],
            "code": "not-found",
            "name": "pages.css",
            "guide_name": "writes",
        }
        self.app = owner.app
        self.anonymous = Client(owner.app)

    @cached_property
    def other(self) -> Client:
        return Client(self.owner.app, "bob").sign_in()

    @cached_property
    def admin(self) -> Client:
        """One of two administrators: the last one cannot be deleted or demoted."""
        store_user(Client(self.owner.app, "deputy").sign_in(), role="admin")
        root = Client(self.owner.app, "root").sign_in()
        store_user(root, role="admin")
        return root

    @cached_property
    def key_of_admin(self) -> KeyClient:
        return key_client(self.admin, Scope.ADMIN)

    @cached_property
    def key_of_demoted(self) -> KeyClient:
        """A key with the scope `admin` of a demoted administrator."""
        key = self.key_of_admin
        store_user(self.admin, role="user")
        return key

    @cached_property
    def deactivated(self) -> KeyClient:
        """A user with token and key whose account is deactivated."""
        carl = Client(self.owner.app, "carl").sign_in()
        key = combined(carl, key_client(carl, *USER_SCOPES))
        store_user(carl, is_active=False)
        return key

    @cached_property
    def expired(self) -> Client:
        """The owner with an expired access token."""
        client = Client(self.owner.app, self.owner.name)
        client.tokens = {"access_token": with_time("exp", -60)(access_of(self.owner))}
        return client

    @cached_property
    def logged_out(self) -> Client:
        """The owner with a session that was logged out."""
        client = another_session(self.owner)
        client.post("auth/logout")
        return client

    @cached_property
    def expired_key(self) -> KeyClient:
        key = key_client(self.owner, *USER_SCOPES)
        statement = update(ApiKey).where(ApiKey.user_id == self.owner.user["id"])
        with self.owner.app.app_context(), db.transaction():
            db.session.execute(statement.values(expires_at=clock.now()))
        return key

    @cached_property
    def revoked_key(self) -> KeyClient:
        key = create_key(self.owner, scopes=[*USER_SCOPES])
        self.owner.delete(f"api-keys/{key['id']}")
        return KeyClient(self.owner, key["api_key"])

    def owned(self, *operations: str) -> dict[str, object]:
        """Return the values for the names in paths and bodies of operations.

        They are resources of the owner, which are created on first use, and public
        ones.
        """
        texts = [f"{operation}{ACCESS[operation].body}" for operation in operations]
        names = re.findall(r"{(\w+)}", "".join(texts))
        return {name: self._value(name) for name in names}

    def _value(self, name: str) -> object:
        if name not in self.values:
            self.values |= self._new_values(name)
        return self.values[name]

    def _new_values(self, name: str) -> dict[str, object]:
        if name == "session_id":
            sessions = self.owner.get("auth/sessions").json["items"]
            return {name: next(one["id"] for one in sessions if one["current"])}
        if name.startswith("invitation_"):
            return self._invitations()
        path, body = creations()[name]
        created = self.owner.call("POST", path, json=body).json["id"]
        if name == "project_id":
            self._add_owner(created)
        return {name: created}

    def _add_owner(self, project_id: int) -> None:
        """Add a second owner: the last one can be neither removed nor demoted."""
        partner = Client(self.owner.app, "partner").sign_in()
        with self.owner.app.app_context(), db.transaction():
            projects.add_member(project_id, partner.user["id"], ProjectRole.OWNER)

    def _invitations(self) -> dict[str, object]:
        """Create invitations of the owner: one to the own email, one with a token."""
        store_user(self.owner, email_verified=True)
        path = f"projects/{self._value('project_id')}/invitations"
        to_owner = self.owner.post(path, {"email": self.owner.user["email"]}).json
        with_token = self.owner.post(path, {}).json
        return {
            "invitation_id": to_owner["id"],
            "invitation_token": with_token["token"],
        }


@cache
def creations() -> dict[str, tuple[str, object]]:
    """Return the path and the body that create the resource of each path parameter."""
    found = {}
    for operation in ACCESS:
        path, _, name = operation.partition(" ")[2].rpartition("/{")
        creation = ACCESS.get(f"POST {path}")
        if name.endswith("}") and creation:
            found[name.removesuffix("}")] = (path, creation.body)
    return found


def key_for(owner: Client, scope: str | None) -> KeyClient:
    """Return a client with a key with this scope, or with all scopes of a user."""
    return _shared_key(owner, [scope] if scope in USER_SCOPES else USER_SCOPES)


def key_without(owner: Client, scope: str | None) -> KeyClient:
    """Return a client with a key with all scopes of a user that do not include this."""
    included = {wide: {wide, IMPLIED.get(wide, wide)} for wide in USER_SCOPES}
    return _shared_key(owner, [s for s in USER_SCOPES if scope not in included[s]])


def _shared_key(owner: Client, scopes: Iterable[str]) -> KeyClient:
    """Return a client with the key that has these scopes: an account can have 50."""
    keys: dict[tuple[str, ...], KeyClient] = vars(owner).setdefault("shared_keys", {})
    chosen = tuple(scopes)
    if chosen not in keys:
        keys[chosen] = key_client(owner, *chosen)
    return keys[chosen]


def combined(session: Client, key: KeyClient) -> KeyClient:
    """Return a client that sends the token of one client and the key of another."""
    sender = KeyClient(key, key.text)
    sender.tokens = session.tokens
    return sender


def token_only(session: Client) -> Client:
    """Return a client that sends only the token."""
    sender = Client(session.app, session.name)
    sender.tokens = session.tokens
    return sender
