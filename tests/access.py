"""Who may call which operation: one line for each, and tests derive the answers.

An operation with a parameter in its path is about one thing, which has an owner.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from tests.support import PASSWORD

NEW_PASSWORD = {"current_password": PASSWORD, "new_password": "a long walk in the sun"}


class Kind(Enum):
    """Who an operation is for."""

    PUBLIC = auto()
    SESSION = auto()
    OWN = auto()
    ADMIN = auto()


@dataclass(frozen=True)
class Access:
    """The scope that a key needs, a body that is accepted, a public one's answer.

    A body that is a text is a table in CSV.
    """

    kind: Kind
    scope: str | None = None
    body: Any = None
    status: int = 200


def public(status: int = 200) -> Access:
    """Anybody may call it; an empty request gets this status."""
    return Access(Kind.PUBLIC, status=status)


def session(body: Any = None) -> Access:
    """Everybody may call it, about what is theirs, in a session: no key opens it."""
    return Access(Kind.SESSION, body=body)


def own(scope: str, body: Any = None) -> Access:
    """Everybody may call it, about what is theirs, and so may keys with the scope."""
    return Access(Kind.OWN, scope, body)


def admin(body: Any = None) -> Access:
    """Administrators may call it, and their keys with the scope for it."""
    return Access(Kind.ADMIN, "admin", body)


ACCESS = {
    "GET /": public(),
    "GET /docs": public(),
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
    "GET /api/v1/tasks": own("tasks:read"),
    "POST /api/v1/tasks": own("tasks:write", {"title": "Sow"}),
    "GET /api/v1/tasks/{task_id}": own("tasks:read"),
    "PATCH /api/v1/tasks/{task_id}": own("tasks:write", {"title": "Sow"}),
    "PUT /api/v1/tasks/{task_id}": own("tasks:write", {"title": "Sow"}),
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
