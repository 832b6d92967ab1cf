"""The expected result of each operation for each kind of caller."""

from collections.abc import Callable
from typing import Any, NamedTuple

from werkzeug.test import TestResponse

from tests.api_keys.clients import KeyClient
from tests.helpers.accounts import Accounts, combined, key_for, key_without, token_only
from tests.helpers.client import API, Client, assert_problem
from tests.permissions import ACCESS, Kind

OK = "ok"
OWN_ONLY = "ok for own resources, not-found for resources of others"
SESSION_REQUIRED = "session-required"
NO_SCOPE = "insufficient-scope"
NO_ADMIN = "admin-required"
STATUSES = {"not-found": 404, SESSION_REQUIRED: 403, NO_SCOPE: 403, NO_ADMIN: 403}
NAMES = ("tasks", "tags", "users", "projects", "invitations")
GUARDED = tuple(f"{API}/{name}" for name in NAMES)


class Caller(NamedTuple):
    """A client, and the expected codes of the three kinds of private operations."""

    for_sessions: str
    for_users: str
    for_admins: str
    client: Callable[[Accounts, str | None], Client]

    def expected(self, operation: str) -> str:
        """Return the code of the expected error, or OK."""
        codes = {
            Kind.SESSION: self.for_sessions,
            Kind.OWN: self.for_users,
            Kind.ADMIN: self.for_admins,
        }
        code = codes[ACCESS[operation].kind]
        own_only = "not-found" if "{" in operation else OK
        return own_only if code == OWN_ONLY else code


def rejected(code: str, client: Callable[[Accounts, str | None], Client]) -> Caller:
    """Return a caller that every private operation rejects."""
    return Caller(code, code, code, client)


MISSING = rejected("token-missing", lambda a, _: a.anonymous)
REJECTED = {
    "expired-session": rejected("token-expired", lambda a, _: a.expired),
    "ended-session": rejected("session-revoked", lambda a, _: a.logged_out),
    "session-of-deactivated": rejected(
        "session-revoked", lambda a, _: token_only(a.deactivated)
    ),
    "key-of-deactivated": rejected(
        "api-key-invalid",
        lambda a, _: KeyClient(a.deactivated, a.deactivated.text),
    ),
    "expired-key": rejected("api-key-expired", lambda a, _: a.expired_key),
    "revoked-key": rejected("api-key-invalid", lambda a, _: a.revoked_key),
    "session-and-key-of-two": rejected(
        "api-key-invalid",
        lambda a, scope: combined(a.other, key_for(a.owner, scope)),
    ),
}
# expected codes of operations for sessions only, for users, for administrators
ONE = {
    "owner": Caller(OK, OK, NO_ADMIN, lambda a, _: a.owner),
    "other-user": Caller(OWN_ONLY, OWN_ONLY, NO_ADMIN, lambda a, _: a.other),
    "admin": Caller(OWN_ONLY, OWN_ONLY, OK, lambda a, _: a.admin),
    "key": Caller(SESSION_REQUIRED, OK, NO_SCOPE, lambda a, s: key_for(a.owner, s)),
    "key-without-scope": Caller(
        SESSION_REQUIRED,
        NO_SCOPE,
        NO_SCOPE,
        lambda a, s: key_without(a.owner, s),
    ),
    "key-of-other-user": Caller(
        SESSION_REQUIRED,
        OWN_ONLY,
        NO_SCOPE,
        lambda a, s: key_for(a.other, s),
    ),
    "key-of-admin": Caller(SESSION_REQUIRED, NO_SCOPE, OK, lambda a, _: a.key_of_admin),
    "key-of-admin-without-scope": Caller(
        SESSION_REQUIRED,
        OWN_ONLY,
        NO_SCOPE,
        lambda a, s: key_for(a.admin, s),
    ),
    "key-of-demoted-admin": Caller(
        SESSION_REQUIRED,
        NO_SCOPE,
        NO_ADMIN,
        lambda a, _: a.key_of_demoted,
    ),
}
BOTH = {
    "session-and-key": Caller(
        OK,
        OK,
        NO_SCOPE,
        lambda a, s: combined(a.owner, key_for(a.owner, s)),
    ),
    "session-and-key-without-scope": Caller(
        OK,
        NO_SCOPE,
        NO_SCOPE,
        lambda a, s: combined(a.owner, key_without(a.owner, s)),
    ),
    "session-and-key-of-admin": Caller(
        OWN_ONLY,
        NO_SCOPE,
        OK,
        lambda a, _: combined(a.admin, a.key_of_admin),
    ),
}
CALLERS = {"anonymous": MISSING, **REJECTED, **ONE, **BOTH}


def expected_with_both(name: str, operation: str) -> str:
    """Return the expected code if REQUIRE_API_KEY requires both credentials."""
    guarded = operation.partition(" ")[2].startswith(GUARDED)
    is_incomplete = name in ONE and guarded
    return "token-missing" if is_incomplete else CALLERS[name].expected(operation)


def call_operation(
    client: Client, operation: str, owned: dict[str, object]
) -> TestResponse:
    """Call an operation with a valid body, on the resource in its path if any."""
    method, _, path = operation.partition(" ")
    body = body_of(operation, owned)
    csv = {"data": body, "headers": {"Content-Type": "text/csv"}}
    content = csv if isinstance(body, str) else {"json": body}
    return client.call(method, path.format_map(owned), **content)


def body_of(operation: str, owned: dict[str, object]) -> Any:
    """Return the valid body of an operation, with the names in it replaced."""
    body = ACCESS[operation].body
    if not isinstance(body, dict):
        return body
    return {
        name: owned[value[1:-1]] if str(value).startswith("{") else value
        for name, value in body.items()
    }


def outcome(response: TestResponse) -> str:
    """Return the code of an error, whose form is checked, or OK."""
    if response.status_code < 400:
        return OK
    code: str = response.json["code"]
    assert_problem(response, STATUSES.get(code, 401), code)
    return code
