"""HTTP operations for password reset and email verification."""

from flask import Response

from taskapi.mail.models import Kind
from taskapi.recovery import service
from taskapi.recovery.schemas import (
    EmailRequestSchema,
    EmailVerificationSchema,
    PasswordResetSchema,
)
from taskapi.users import service as users
from taskapi.web.api import Blueprint

recovery = Blueprint("recovery", "Password reset and email verification.", limit="auth")


@recovery.post("/auth/password-reset/request", public=True)
@recovery.arguments(EmailRequestSchema)
@recovery.response(202)
def request_password_reset(body: dict[str, str]) -> Response:
    """Request an email to reset a password

    The response is the same whether or not an account has the email. The token in the
    email is valid for one hour; a newer one replaces it. An address receives at most
    five emails in 15 minutes.
    """
    users.send_email(Kind.RESET, body["email"])
    return Response(status=202)


@recovery.post("/auth/password-reset/complete", public=True)
@recovery.arguments(PasswordResetSchema)
@recovery.response(204)
def complete_password_reset(body: dict[str, str]) -> None:
    """Reset a password with the token of an email

    The token can be used once. All sessions of the account end, its email is marked as
    verified, and a login lock after too many wrong passwords is lifted. If the email
    was not verified before, the API keys of the account end too.
    """
    service.reset_password(body["token"], body["new_password"])


@recovery.post("/auth/verify-email/request", public=True)
@recovery.arguments(EmailRequestSchema)
@recovery.response(202)
def request_email_verification(body: dict[str, str]) -> Response:
    """Request an email to verify an address

    Registration and a change of the email send one automatically. The response is the
    same whether or not an account has the email. The token is valid for 24 hours.
    """
    users.send_email(Kind.VERIFICATION, body["email"])
    return Response(status=202)


@recovery.post("/auth/verify-email/complete", public=True)
@recovery.arguments(EmailVerificationSchema)
@recovery.response(204)
def complete_email_verification(body: dict[str, str]) -> None:
    """Verify an email with the token that was sent to it

    The token can be used once. Sessions and API keys that were created before the
    verification end, so log in again afterwards.
    """
    service.verify_email(body["token"])
