"""Texts of emails."""

from typing import NamedTuple

from taskapi.mail.models import EmailRow, Kind
from taskapi.mail.smtp import Content
from taskapi.recovery import service
from taskapi.web.api import PREFIX
from taskapi.web.settings import settings

BODY = """Hello,

{reason}

{instruction}

  {link}

It can be used once and expires after {lifetime}.
A newer email of this kind replaces it.
{otherwise}
"""


class Template(NamedTuple):
    """The texts of a kind of email that contains a token."""

    subject: str
    reason: str
    otherwise: str
    lifetime: str
    page: str
    operation: str
    members: str


TEMPLATES = {
    Kind.RESET: Template(
        subject="Reset your password",
        reason="A new password was requested for your account at {site}.",
        otherwise="If you did not request it, ignore this email: "
        "your password stays the same.",
        lifetime="one hour",
        page="reset-password",
        operation="auth/password-reset/complete",
        members="`token` and `new_password`",
    ),
    Kind.VERIFICATION: Template(
        subject="Verify your email address",
        reason="This address was entered for an account at {site}.",
        otherwise="If you did not enter it, ignore this email: "
        "the address stays unverified.",
        lifetime="24 hours",
        page="verify-email",
        operation="auth/verify-email/complete",
        members="`token`",
    ),
}


NOTICE = """Hello,

The email address of your account at {site} was changed or removed.
The change was confirmed with your password. This address receives no more
emails for the account.

If you did not do this, someone else knows your password.
Contact the operator of {site}.
"""


def compose(email: EmailRow) -> Content | None:
    """Write an email, with a new token if it needs one.

    Return None if no account needs the email any longer.
    """
    site = settings.app_url or settings.public_url or "taskapi"
    if email.kind == Kind.NOTICE:
        return Content("Your email address was changed", NOTICE.format(site=site))
    token = service.issue(email.kind, email.email)
    if token is None:
        return None
    template = TEMPLATES[email.kind]
    instruction, link = _instruction(template, token)
    body = BODY.format(
        reason=template.reason.format(site=site),
        instruction=instruction,
        link=link,
        lifetime=template.lifetime,
        otherwise=template.otherwise,
    )
    return Content(template.subject, body)


def _instruction(template: Template, token: str) -> tuple[str, str]:
    """Return what to do, and the link or the token to do it with."""
    if settings.app_url:
        # The token is in the fragment, which browsers do not send to servers.
        page = f"{settings.app_url}/{template.page}#token={token}"
        return "To continue, open this page:", page
    url = f"{settings.public_url}{PREFIX}/{template.operation}"
    instruction = f"To continue, send {template.members} to POST {url}; the token is:"
    return instruction, token
