"""Types that several features share."""

from collections.abc import Collection
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


class Caller(Account, Protocol):
    """The account that sends a request, and the credentials that it sent."""

    @property
    def session_id(self) -> int | None:
        """Return the id of the session; None without one."""

    @property
    def key_id(self) -> int | None:
        """Return the id of the API key; None without one."""

    @property
    def scopes(self) -> Collection[Scope] | None:
        """Return the scopes of the API key; None without one: all are granted."""

    @property
    def personal_project_id(self) -> int:
        """Return the id of the personal project of the account."""

    @property
    def has_shared_projects(self) -> bool:
        """Return whether the account is a member of a project besides its own."""

    @property
    def key_project_id(self) -> int | None:
        """Return the only project that the API key reaches; None: all."""
