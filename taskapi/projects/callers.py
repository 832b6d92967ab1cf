"""Callers for commands of the operator."""

from typing import NamedTuple

from taskapi.projects import service
from taskapi.typing import Account, Caller


class CommandCaller(NamedTuple):
    """An account for which a command runs, without credentials."""

    id: int
    email: str | None
    username: str | None
    timezone: str
    role: str
    personal_project_id: int
    has_shared_projects: bool = True
    session_id: None = None
    key_id: None = None
    scopes: None = None
    key_project_id: None = None


def acting_for(user: Account) -> Caller:
    """Return an account as a caller, for a command."""
    project_id = service.personal_id(user.id)
    account = (user.id, user.email, user.username, user.timezone, user.role)
    return CommandCaller(*account, project_id)
