"""Letters to who gives an email: few enough that nobody is bombed with them."""

from contextlib import suppress

from taskapi.errors import RateLimited
from taskapi.mail import service as outbox
from taskapi.mail import smtp
from taskapi.mail.models import Kind
from taskapi.users import throttling


def offer(kind: Kind, email: str) -> None:
    """Post a letter that nobody asked for, unless the address gets many already."""
    with suppress(RateLimited):
        post(kind, email)


def notify(email: str) -> None:
    """Notify the previous address of an account that it was changed, within limits."""
    if smtp.is_on():
        with suppress(RateLimited):
            throttling.count(throttling.notices(email))
            outbox.enqueue(Kind.NOTICE, email)


def post(kind: Kind, email: str) -> None:
    """Post a letter where mail is on; raises RateLimited beyond five in 15 minutes."""
    if smtp.is_on():
        throttling.count(throttling.letters(email))
        outbox.enqueue(kind, email)
