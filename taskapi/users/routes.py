"""HTTP operations of the caller's own account."""

from taskapi.scopes import Scope
from taskapi.typing import Caller, Fields
from taskapi.users import deletion, service
from taskapi.users.models import UserRow
from taskapi.users.schemas import AccountDeletionSchema, UserSchema
from taskapi.web import conditional, rate_limits
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.conditional import ExpectedVersions
from taskapi.web.settings import settings

users = Blueprint("users", "Your account.", limit="default", accepts_keys=True)


@users.get("/users/me", scope=Scope.ACCOUNT_READ)
@users.response(200, UserSchema)
@conditional.read
def get_me() -> Caller:
    """Get your account"""
    return caller()


@users.route("/users/me", methods=["PATCH", "PUT"], scope=Scope.ACCOUNT_WRITE)
@users.arguments(UserSchema(partial=True))
@users.response(200, UserSchema)
@users.problems("already-exists", "invalid-credentials")
@conditional.write
def update_me(changes: Fields, versions: ExpectedVersions) -> UserRow:
    """Update your account

    The body is a JSON merge patch (RFC 7396): omitted members stay as they are, `null`
    clears a member. PUT does the same. The media type `application/merge-patch+json` is
    accepted too. Read-only members that equal the stored values are ignored; a
    `version` that differs returns 412. A new email requires `current_password` and also
    counts towards the rate limit `auth`.
    """
    if "email" in changes and changes["email"] != caller().email:
        rate_limits.count("auth")
    versions = conditional.check_read_only(changes, UserSchema, caller, versions)
    requires_email = settings.require_verified_email
    return service.change(caller(), changes, versions, requires_email=requires_email)


@users.delete("/users/me", limit="auth", ends_caller=True)
@users.arguments(AccountDeletionSchema)
@users.response(204)
@users.problems("invalid-credentials", "last-admin", "last-owner")
def delete_me(body: dict[str, str]) -> None:
    """Delete your account

    All of your data is deleted with it, permanently, also the shared projects that have
    no other member. If other members of a project would be without an owner, the
    response is 409. Tasks that you created in other projects stay.
    """
    deletion.delete_own(caller(), body["password"])
