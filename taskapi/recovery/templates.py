"""What the letters say."""

from typing import NamedTuple

from taskapi.db import AnyRow
from taskapi.mail.models import Kind
from taskapi.mail.smtp import Text
from taskapi.recovery import service
from taskapi.web.api import PREFIX
from taskapi.web.settings import settings

LETTER = """Hello,

{why}

{how}

  {what}

It works once, within {life}. A newer letter of this kind replaces it.
{otherwise}
"""


class Words(NamedTuple):
    """The words of one kind of letter."""

    subject: str
    why: str
    otherwise: str
    life: str
    page: str
    operation: str
    members: str


WORDS = {
    Kind.RESET: Words(
        subject="Choose a new password",
        why="Somebody, probably you, asked for a new password at {place}.",
        otherwise="If it was not you, do nothing: your password stays as it is.",
        life="an hour",
        page="reset-password",
        operation="auth/password-reset/complete",
        members="`token` and `new_password`",
    ),
    Kind.VERIFICATION: Words(
        subject="Verify your email address",
        why="Somebody, probably you, gave this address to an account at {place}.",
        otherwise="If it was not you, do nothing: the address stays unverified.",
        life="a day",
        page="verify-email",
        operation="auth/verify-email/complete",
        members="`token`",
    ),
}


NOTICE = """Hello,

The email address of your account at {place} was changed or removed, with your password.
Emails of this account no longer go to this address.

If it was not you, someone else knows your password: ask the operator of {place}
for help.
"""


def compose(letter: AnyRow) -> Text | None:
    """Write an email, with a new token if it needs one; None without a recipient."""
    place = settings.app_url or settings.public_url or "taskapi"
    if letter.kind == Kind.NOTICE:
        return Text("Your email address was changed", NOTICE.format(place=place))
    token = service.issue(letter.kind, letter.email)
    if token is None:
        return None
    words = WORDS[letter.kind]
    how, what = _way(words, token)
    why = words.why.format(place=place)
    said = {"otherwise": words.otherwise, "life": words.life}
    return Text(words.subject, LETTER.format(why=why, how=how, what=what, **said))


def _way(words: Words, token: str) -> tuple[str, str]:
    """Say what to do, and with what: a page, or else an operation and the token."""
    if settings.app_url:
        # in the fragment, which no browser sends to a server that might log it
        page = f"{settings.app_url}/{words.page}#token={token}"
        return "To go on, open this page:", page
    address = f"{settings.public_url}{PREFIX}/{words.operation}"
    return f"To go on, send {words.members} to POST {address}; the token is:", token
