"""Permissions: one line per operation, from which the tests derive their cases.

An operation with a parameter in its path refers to a resource that has an owner.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from tests.helpers.client import PASSWORD

NEW_PASSWORD = {"current_password": PASSWORD, "new_password": "a long walk in the sun"}


class Kind(Enum):
    """The callers of an operation."""

    PUBLIC = auto()
    SESSION = auto()
    OWN = auto()
    ADMIN = auto()


@dataclass(frozen=True)
class Access:
    """The required scope, a valid body, and the status of an empty public request.

    A body that is a string is a CSV table. A value in braces is the name of a resource
    of the owner, as in a path.
    """

    kind: Kind
    scope: str | None = None
    body: Any = None
    status: int = 200


def public(status: int = 200) -> Access:
    """Allow all clients; an empty request gets this status."""
    return Access(Kind.PUBLIC, status=status)


def session(body: Any = None) -> Access:
    """Allow sessions of all users, but no API keys."""
    return Access(Kind.SESSION, body=body)


def own(scope: str, body: Any = None) -> Access:
    """Allow sessions of all users, and API keys with the scope."""
    return Access(Kind.OWN, scope, body)


def admin(body: Any = None) -> Access:
    """Allow sessions of administrators, and their API keys with the scope `admin`."""
    return Access(Kind.ADMIN, "admin", body)


ACCESS = {
    "GET /": public(),
    "GET /docs": public(),
    "GET /guides": public(),
    "GET /guides/{guide_name}": public(),
    "GET /openapi.json": public(),
    "GET /static/{name}": public(),
    "GET /problems": public(),
    "GET /problems/{code}": public(),
    "GET /health": public(),
    "GET /health/live": public(),
    "GET /api/v1": public(),
    "POST /api/v1/auth/register": public(422),
    "POST /api/v1/auth/login": public(422),
    "POST /api/v1/auth/refresh": public(422),
    "POST /api/v1/auth/token": public(415),
    "POST /api/v1/auth/password-reset/request": public(422),
    "POST /api/v1/auth/password-reset/complete": public(422),
    "POST /api/v1/auth/verify-email/request": public(422),
    "POST /api/v1/auth/verify-email/complete": public(422),
    "POST /api/v1/auth/logout": session(),
    "GET /api/v1/auth/sessions": session(),
    "DELETE /api/v1/auth/sessions/{session_id}": session(),
    "POST /api/v1/auth/password": session(NEW_PASSWORD),
    "GET /api/v1/api-keys": session(),
    "POST /api/v1/api-keys": session({"name": "backup"}),
    "GET /api/v1/api-keys/{key_id}": session(),
    "PATCH /api/v1/api-keys/{key_id}": session({"name": "restore"}),
    "DELETE /api/v1/api-keys/{key_id}": session(),
    "GET /api/v1/users/me": own("account:read"),
    "PATCH /api/v1/users/me": own("account:write", {"full_name": "A B"}),
    "PUT /api/v1/users/me": own("account:write", {"full_name": "A B"}),
    "DELETE /api/v1/users/me": session({"password": PASSWORD}),
    "GET /api/v1/users": admin(),
    "GET /api/v1/users/{user_id}": admin(),
    "PATCH /api/v1/users/{user_id}": admin({"is_active": False}),
    "DELETE /api/v1/users/{user_id}": admin(),
    "GET /api/v1/projects": own("tasks:read"),
    "POST /api/v1/projects": session({"name": "Garden"}),
    "GET /api/v1/projects/{project_id}": own("tasks:read"),
    "PATCH /api/v1/projects/{project_id}": session({"name": "Field"}),
    "PUT /api/v1/projects/{project_id}": session({"name": "Field"}),
    "DELETE /api/v1/projects/{project_id}": session(),
    "POST /api/v1/projects/{project_id}/restore": session(),
    "GET /api/v1/projects/{project_id}/members": own("tasks:read"),
    "PATCH /api/v1/projects/{project_id}/members/{user_id}": session(
        {"role": "editor"}
    ),
    "DELETE /api/v1/projects/{project_id}/members/{user_id}": session(),
    "GET /api/v1/projects/{project_id}/invitations": session(),
    "POST /api/v1/projects/{project_id}/invitations": session({"username": "dora"}),
    "DELETE /api/v1/invitations/{invitation_id}": session(),
    "GET /api/v1/invitations": session(),
    "POST /api/v1/invitations/{invitation_id}/accept": session(),
    "POST /api/v1/invitations/{invitation_id}/decline": session(),
    "POST /api/v1/invitations/accept": session({"token": "{invitation_token}"}),
    "GET /api/v1/tasks": own("tasks:read"),
    "POST /api/v1/tasks": own("tasks:write", {"title": "Sow"}),
    "GET /api/v1/tasks/{task_id}": own("tasks:read"),
    "PATCH /api/v1/tasks/{task_id}": own("tasks:write", {"title": "Reap"}),
    "PUT /api/v1/tasks/{task_id}": own("tasks:write", {"title": "Reap"}),
    "DELETE /api/v1/tasks/{task_id}": own("tasks:write"),
    "POST /api/v1/tasks/{task_id}/restore": own("tasks:write"),
    "POST /api/v1/tasks/bulk": own("tasks:write", {"create": [{"title": "Sow"}]}),
    "GET /api/v1/tasks/stats": own("tasks:read"),
    "GET /api/v1/tasks/admin/stats": admin(),
    "GET /api/v1/tags": own("tasks:read"),
    "GET /api/v1/users/me/export": own("tasks:read"),
    "POST /api/v1/users/me/import": own("tasks:write", "title\r\nSow\r\n"),
}


def of_kind(*kinds: Kind) -> dict[str, Access]:
    """Return the operations of these kinds."""
    return {name: access for name, access in ACCESS.items() if access.kind in kinds}


PUBLIC = of_kind(Kind.PUBLIC)
SESSIONS_ONLY = of_kind(Kind.SESSION)
PRIVATE = of_kind(Kind.SESSION, Kind.OWN, Kind.ADMIN)
