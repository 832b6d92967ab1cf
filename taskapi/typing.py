"""Types that several features share."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from taskapi.scopes import Scope

Fields = dict[str, Any]
"""Validated values of a request, by field name."""

JsonObject = dict[str, object]
"""A JSON object, such as a part of the OpenAPI document."""

Path = tuple[str | int, ...]
"""The location of a value in a body, such as ("update", 3, "title")."""


class Account(Protocol):
    """An account, with the attributes that other features may read."""

    @property
    def id(self) -> int:
        """Return the primary key."""

    @property
    def email(self) -> str | None:
        """Return the email; None for an account that has only a username."""

    @property
    def username(self) -> str | None:
        """Return the username; None for an account that has only an email."""

    @property
    def timezone(self) -> str:
        """Return the IANA name of the time zone."""

    @property
    def role(self) -> str:
        """Return the role: "user" or "admin"."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that sends a request, and the credentials that it sent.

    `scopes` is None for a session without a key, which has every scope.
    """

    user: Account
    session_id: int | None = None
    key_id: int | None = None
    scopes: Collection[Scope] | None = None

    @property
    def id(self) -> int:
        """Return the id of the account."""
        return self.user.id

    @property
    def email(self) -> str | None:
        """Return the email of the account."""
        return self.user.email

    @property
    def username(self) -> str | None:
        """Return the username of the account."""
        return self.user.username

    @property
    def timezone(self) -> str:
        """Return the time zone of the account."""
        return self.user.timezone

    @property
    def role(self) -> str:
        """Return the role of the account."""
        return self.user.role
