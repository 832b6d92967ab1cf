"""Letters to who gives an email: few enough that nobody is bombed with them."""

from taskapi.mail import service as outbox
from taskapi.mail import transport
from taskapi.mail.models import Kind
from taskapi.users import guessing


def post(kind: Kind, email: str) -> None:
    """Post a letter where mail is on; raises RateLimited beyond five in 15 minutes."""
    if transport.is_on():
        guessing.count(guessing.letters(email))
        outbox.enqueue(kind, email)
