"""Who may call, well or badly, around the owner of what is asked for."""

from functools import cached_property

from sqlalchemy import update

from taskapi import clock, db
from taskapi.api_keys.models import ApiKey
from taskapi.scopes import IMPLIED, Scope
from tests.api_keys.holding import Holder, holder, make_key
from tests.auth.forging import access_of, shifted
from tests.helpers.client import Client, another_session
from tests.helpers.rows import store_user

OF_USERS = set(Scope) - {Scope.ADMIN}


class Accounts:
    """An owner and the others, who join when somebody first asks for them."""

    def __init__(self, owner: Client) -> None:
        self.owner = owner
        self.app = owner.app
        self.nobody = Client(owner.app)

    @cached_property
    def other(self) -> Client:
        return Client(self.owner.app, "bob").sign_in()

    @cached_property
    def admin(self) -> Client:
        """One of two administrators, so that each may go."""
        store_user(Client(self.owner.app, "deputy").register(), role="admin")
        root = Client(self.owner.app, "root").sign_in()
        store_user(root, role="admin")
        return root

    @cached_property
    def key_of_admin(self) -> Holder:
        return holder(self.admin, Scope.ADMIN)

    @cached_property
    def key_of_lowered(self) -> Holder:
        """A key for administration whose owner was an administrator once."""
        key = self.key_of_admin
        store_user(self.admin, role="user")
        return key

    @cached_property
    def closed(self) -> Holder:
        """Somebody with token and key whose account is closed."""
        carl = Client(self.owner.app, "carl").sign_in()
        key = together(carl, holder(carl, *OF_USERS))
        store_user(carl, is_active=False)
        return key

    @cached_property
    def late(self) -> Client:
        """The owner, half an hour later."""
        late = Client(self.owner.app, self.owner.name)
        late.tokens = {"access_token": shifted("exp", -60)(access_of(self.owner))}
        return late

    @cached_property
    def gone(self) -> Client:
        """The owner in a session that has ended."""
        gone = another_session(self.owner)
        gone.post("auth/logout")
        return gone

    @cached_property
    def expired_key(self) -> Holder:
        key = holder(self.owner, *OF_USERS)
        theirs = update(ApiKey).where(ApiKey.user_id == self.owner.user["id"])
        with self.owner.app.app_context(), db.transaction():
            db.session.execute(theirs.values(expires_at=clock.now()))
        return key

    @cached_property
    def revoked_key(self) -> Holder:
        made = make_key(self.owner, scopes=[*OF_USERS])
        self.owner.delete(f"api-keys/{made['id']}")
        return Holder(self.owner, made["api_key"])

    @cached_property
    def owned(self) -> dict[str, object]:
        """What a path may name of the owner's, or of the service."""
        (session,) = self.owner.get("auth/sessions").json["items"]
        return {
            "task_id": self.owner.create_task()["id"],
            "key_id": make_key(self.owner)["id"],
            "session_id": session["id"],
            "user_id": self.owner.user["id"],
            "code": "not-found",
            "name": "pages.css",
        }


def key_for(owner: Client, scope: str | None) -> Holder:
    """Return a key with this scope, or with every one where keys do not help."""
    return holder(owner, *([scope] if scope in OF_USERS else OF_USERS))


def key_but(owner: Client, scope: str | None) -> Holder:
    """Return a key with every scope of a user that does not include this one."""
    included = {wide: {wide, IMPLIED.get(wide, wide)} for wide in OF_USERS}
    return holder(owner, *(s for s in OF_USERS if scope not in included[s]))


def together(session: Client, key: Holder) -> Holder:
    """Return who sends the token of the one and the key of the other."""
    sender = Holder(key, key.text)
    sender.tokens = session.tokens
    return sender


def alone(session: Client) -> Client:
    """Return who sends the token only."""
    sender = Client(session.app, session.name)
    sender.tokens = session.tokens
    return sender
