"""Password reset and email verification over HTTP."""

from flask import Response

from taskapi.mail.models import Kind
from taskapi.recovery import service
from taskapi.recovery.schemas import (
    EmailRequestSchema,
    EmailVerificationSchema,
    PasswordResetSchema,
)
from taskapi.users import letters
from taskapi.web.api import Blueprint

recovery = Blueprint(
    "recovery", "Back into an account by mail, and emails verified.", limit="auth"
)


@recovery.post("/auth/password-reset/request", public=True)
@recovery.arguments(EmailRequestSchema)
@recovery.response(202)
def request_password_reset(asked: dict[str, str]) -> Response:
    """Ask for a letter to reset a password

    The answer is the same whether an account has the email or not. The token in the
    letter is good for an hour; a newer one replaces it. Five letters in 15 minutes go
    to one address.
    """
    letters.post(Kind.RESET, asked["email"])
    return Response(status=202)


@recovery.post("/auth/password-reset/complete", public=True)
@recovery.arguments(PasswordResetSchema)
@recovery.response(204)
def complete_password_reset(proof: dict[str, str]) -> None:
    """Set a new password with the token of a letter

    The token is good for one change. All sessions of the account end, its email counts
    as verified, and it may log in although its password was guessed too often. Where
    the email was not verified before, its API keys end too.
    """
    service.reset_password(proof["token"], proof["new_password"])


@recovery.post("/auth/verify-email/request", public=True)
@recovery.arguments(EmailRequestSchema)
@recovery.response(202)
def request_email_verification(asked: dict[str, str]) -> Response:
    """Ask for a letter to verify an email

    Registration and a changed email send one by themselves. The answer is the same
    whether an account has the email or not; the token is good for a day.
    """
    letters.post(Kind.VERIFICATION, asked["email"])
    return Response(status=202)


@recovery.post("/auth/verify-email/complete", public=True)
@recovery.arguments(EmailVerificationSchema)
@recovery.response(204)
def complete_email_verification(proof: dict[str, str]) -> None:
    """Verify an email with the token of a letter

    The token is good for one verification, of the email that it was sent to. Sessions
    and API keys that were created before end, so log in again.
    """
    service.verify_email(proof["token"])
