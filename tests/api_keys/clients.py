"""Clients with API keys, and their stored rows."""

from typing import Any

from sqlalchemy import select

from taskapi import db
from taskapi.api_keys.models import ApiKey
from tests.helpers.client import Client


class KeyClient(Client):
    """A client with an API key, and optionally with a token."""

    def __init__(self, owner: Client, text: str) -> None:
        super().__init__(owner.app, owner.name)
        self.text = text

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Send a request with the key, unless the headers name another one."""
        headers = {"X-API-Key": self.text} | dict(options.pop("headers", {}))
        return super().call(method, path, headers=headers, **options)


def create_key(owner: Client, **fields: Any) -> dict[str, Any]:
    """Create a key; return the response, which contains it."""
    response = owner.post("api-keys", {"name": "backup"} | fields)
    assert response.status_code == 201, response.text
    key: dict[str, Any] = response.json
    return key


def key_client(owner: Client, *scopes: str, **fields: Any) -> KeyClient:
    """Return a client with a new key that has the scopes."""
    chosen = {"scopes": list(scopes)} if scopes else {}
    return KeyClient(owner, create_key(owner, **chosen, **fields)["api_key"])


def stored_key(owner: Client) -> Any:
    """Return the row of the one key of the owner."""
    statement = select(ApiKey.__table__).where(ApiKey.user_id == owner.user["id"])
    with owner.app.app_context():
        (row,) = db.read(statement)
    return row


def without_times(key: dict[str, Any]) -> dict[str, Any]:
    """Return a key without its text, and without the time of its last use."""
    return {n: v for n, v in key.items() if n not in {"last_used_at", "api_key"}}
