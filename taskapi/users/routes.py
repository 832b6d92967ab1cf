"""Accounts over HTTP."""

from typing import Any

from taskapi.scopes import Scope
from taskapi.users import service
from taskapi.users.schemas import AccountDeletionSchema, UserSchema
from taskapi.web import conditional, rate_limits, read_only
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.settings import settings

users = Blueprint("users", "Your account.", limit="default", accepts_keys=True)


@users.get("/users/me", scope=Scope.ACCOUNT_READ)
@users.response(200, UserSchema)
@conditional.read
def get_me() -> Any:
    """Read your account"""
    return caller().user


@users.route("/users/me", methods=["PATCH", "PUT"], scope=Scope.ACCOUNT_WRITE)
@users.arguments(UserSchema(partial=True))
@users.response(200, UserSchema)
@users.problems("already-exists")
@conditional.write
def update_me(changes: dict[str, Any], versions: frozenset[int] | None) -> Any:
    """Change your account

    A JSON merge patch (RFC 7396): what you leave out stays, null clears. PUT does the
    same. `application/merge-patch+json` is accepted too. Read-only members that equal
    the stored ones are ignored; another `version` is 412. A new email also counts for
    the rate limit `auth`.
    """
    if "email" in changes and changes["email"] != caller().email:
        rate_limits.count("auth")
    versions = read_only.check(changes, UserSchema, lambda: caller().user, versions)
    keeps_email = settings.require_verified_email
    return service.change(caller(), changes, versions, keeps_email=keeps_email)


@users.delete("/users/me", limit="auth", ends_caller=True)
@users.arguments(AccountDeletionSchema)
@users.response(204)
@users.problems("invalid-credentials", "last-admin")
def delete_me(proof: dict[str, str]) -> None:
    """Delete your account

    Everything that is yours goes with it, at once and for good.
    """
    service.delete_own(caller(), **proof)
