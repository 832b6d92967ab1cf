"""Texts of the emails of invitations."""

from taskapi.invitations import acceptance
from taskapi.mail.models import EmailRow
from taskapi.mail.smtp import Content
from taskapi.web.api import PREFIX
from taskapi.web.settings import settings

SUBJECT = "Invitation to a project"
BODY = """Hello,

{inviter} invites you to a project at {site}.

{instruction}

  {link}

The invitation is for {invitee}.
It expires on {day}.
If you do not know who invites you, ignore this email.
"""


def compose(email: EmailRow) -> Content | None:
    """Write the email of an invitation.

    It names neither the project nor a token: mailboxes are less protected than
    accounts. Return None if the invitation is no longer open, or if it has no
    recipient.
    """
    invitation = acceptance.find_for_email(email)
    if invitation is None:
        return None
    instruction, link = _instruction()
    body = BODY.format(
        inviter=invitation.inviter or "A user",
        site=settings.app_url or settings.public_url or "taskapi",
        instruction=instruction,
        link=link,
        invitee=_invitee(invitation.username),
        day=f"{invitation.expires_at:%Y-%m-%d at %H:%M} UTC",
    )
    return Content(SUBJECT, body, invitation.recipient)


def _invitee(username: str | None) -> str:
    if username:
        return f"the account {username}"
    return "the account that has verified this address"


def _instruction() -> tuple[str, str]:
    """Return what to do, and the page or the operation to do it with."""
    if settings.app_url:
        return (
            "To see it, open this page and log in:",
            f"{settings.app_url}/invitations",
        )
    url = f"{settings.public_url}{PREFIX}/invitations"
    return "To see it, log in and send this request:", f"GET {url}"
