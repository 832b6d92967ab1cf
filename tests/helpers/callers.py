"""What each caller is answered by each operation, as the contract has it."""

from collections.abc import Callable
from typing import NamedTuple

from werkzeug.test import TestResponse

from tests.api_keys.holding import Holder
from tests.helpers.accounts import Accounts, alone, key_but, key_for, together
from tests.helpers.client import API, Client, assert_problem
from tests.permissions import ACCESS, Kind

OK = "ok"
THEIRS = "ok for what is theirs, not-found for what is not"
SESSION_REQUIRED = "session-required"
NO_SCOPE = "insufficient-scope"
NO_ADMIN = "admin-required"
STATUSES = {"not-found": 404, SESSION_REQUIRED: 403, NO_SCOPE: 403, NO_ADMIN: 403}
GUARDED = (f"{API}/tasks", f"{API}/tags", f"{API}/users")


class Caller(NamedTuple):
    """Who it is, and what the three kinds of operations that need login answer."""

    of_session: str
    of_own: str
    of_admin: str
    join: Callable[[Accounts, str | None], Client]

    def answer(self, operation: str) -> str:
        """Return the code of the refusal, or OK."""
        responses = {
            Kind.SESSION: self.of_session,
            Kind.OWN: self.of_own,
            Kind.ADMIN: self.of_admin,
        }
        answer = responses[ACCESS[operation].kind]
        about_theirs = "not-found" if "{" in operation else OK
        return about_theirs if answer == THEIRS else answer


def bad(code: str, join: Callable[[Accounts, str | None], Client]) -> Caller:
    """Return whose credentials open nothing."""
    return Caller(code, code, code, join)


MISSING = bad("token-missing", lambda crowd, _: crowd.nobody)
BAD = {
    "expired-session": bad("token-expired", lambda crowd, _: crowd.late),
    "ended-session": bad("session-revoked", lambda crowd, _: crowd.gone),
    "session-of-closed": bad("session-revoked", lambda crowd, _: alone(crowd.closed)),
    "key-of-closed": bad(
        "api-key-invalid", lambda crowd, _: Holder(crowd.closed, crowd.closed.text)
    ),
    "expired-key": bad("api-key-expired", lambda crowd, _: crowd.expired_key),
    "revoked-key": bad("api-key-invalid", lambda crowd, _: crowd.revoked_key),
    "session-and-key-of-two": bad(
        "api-key-invalid",
        lambda crowd, scope: together(crowd.other, key_for(crowd.owner, scope)),
    ),
}
# each line: the answer of what is for sessions only, for users, for administrators
ONE = {
    "owner": Caller(OK, OK, NO_ADMIN, lambda crowd, _: crowd.owner),
    "other-user": Caller(THEIRS, THEIRS, NO_ADMIN, lambda crowd, _: crowd.other),
    "admin": Caller(THEIRS, THEIRS, OK, lambda crowd, _: crowd.admin),
    "key": Caller(
        SESSION_REQUIRED, OK, NO_SCOPE, lambda crowd, s: key_for(crowd.owner, s)
    ),
    "key-without-scope": Caller(
        SESSION_REQUIRED, NO_SCOPE, NO_SCOPE, lambda crowd, s: key_but(crowd.owner, s)
    ),
    "key-of-other-user": Caller(
        SESSION_REQUIRED, THEIRS, NO_SCOPE, lambda crowd, s: key_for(crowd.other, s)
    ),
    "key-of-admin": Caller(
        SESSION_REQUIRED, NO_SCOPE, OK, lambda crowd, _: crowd.key_of_admin
    ),
    "key-of-admin-without-scope": Caller(
        SESSION_REQUIRED, THEIRS, NO_SCOPE, lambda crowd, s: key_for(crowd.admin, s)
    ),
    "key-of-lowered-admin": Caller(
        SESSION_REQUIRED, NO_SCOPE, NO_ADMIN, lambda crowd, _: crowd.key_of_lowered
    ),
}
BOTH = {
    "session-and-key": Caller(
        OK,
        OK,
        NO_SCOPE,
        lambda crowd, s: together(crowd.owner, key_for(crowd.owner, s)),
    ),
    "session-and-key-without-scope": Caller(
        OK,
        NO_SCOPE,
        NO_SCOPE,
        lambda crowd, s: together(crowd.owner, key_but(crowd.owner, s)),
    ),
    "session-and-key-of-admin": Caller(
        THEIRS,
        NO_SCOPE,
        OK,
        lambda crowd, _: together(crowd.admin, crowd.key_of_admin),
    ),
}
CALLERS = {"nobody": MISSING, **BAD, **ONE, **BOTH}


def answer_with_both(name: str, operation: str) -> str:
    """Return the answer where REQUIRE_API_KEY asks for session and key together."""
    guarded = operation.partition(" ")[2].startswith(GUARDED)
    halved = name in ONE and guarded
    return "token-missing" if halved else CALLERS[name].answer(operation)


def ask(client: Client, operation: str, owned: dict[str, object]) -> TestResponse:
    """Call an operation, on what is owned where its path asks for something."""
    method, _, path = operation.partition(" ")
    body = ACCESS[operation].body
    table = {"data": body, "headers": {"Content-Type": "text/csv"}}
    sent = table if isinstance(body, str) else {"json": body}
    return client.call(method, path.format_map(owned), buffered=True, **sent)


def outcome(answer: TestResponse) -> str:
    """Return the code of a refusal, after a look at its form, or OK."""
    if answer.status_code < 400:
        return OK
    code: str = answer.json["code"]
    assert_problem(answer, STATUSES.get(code, 401), code)
    return code
