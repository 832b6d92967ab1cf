"""Scopes of API keys."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """A permission of an API key; permission to write implies permission to read."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    ADMIN = "admin"


IMPLIED = {
    Scope.TASKS_WRITE: Scope.TASKS_READ,
    Scope.ACCOUNT_WRITE: Scope.ACCOUNT_READ,
}


def covers(granted: Iterable[Scope], needed: Scope) -> bool:
    """Return whether the scopes of a key include the one that an operation needs."""
    return any(scope is needed or IMPLIED.get(scope) is needed for scope in granted)
