"""Statistical comparison of the durations of two requests."""

import random
import time
from collections.abc import Callable, Sequence

from sqlalchemy import delete
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.invitations.models import Invitation
from taskapi.users.models import LoginAttempts
from tests.helpers.client import Client

TRIALS = 40
EQUAL_RANGE = 0.2, 0.8
"""Requests of one distribution leave this range once in some 200,000 runs."""

Request = Callable[[Client], TestResponse]


def likelihood(client: Client, first: Request, second: Request) -> float:
    """Return the probability that the first takes longer; 0.5: indistinguishable.

    This is the Mann-Whitney U statistic divided by the number of pairs. The requests
    are interleaved in random order, so that other load slows both equally.
    """
    pairs = [random.sample([first, second], 2) for _ in range(TRIALS)]
    timed = [(request, seconds(client, request)) for pair in pairs for request in pair]
    first_times = [spent for request, spent in timed if request is first]
    second_times = [spent for request, spent in timed if request is second]
    return share(second_times, first_times)


def share(low: Sequence[float], high: Sequence[float]) -> float:
    """Return the share of pairs whose second value is higher."""
    return sum(b > a for a in low for b in high) / (len(low) * len(high))


def seconds(client: Client, request: Request) -> float:
    """Return the duration of a request without previous attempts and invitations."""
    with client.app.app_context(), db.transaction():
        db.session.execute(delete(LoginAttempts))
        db.session.execute(delete(Invitation))
    start = time.perf_counter()
    request(client)
    return time.perf_counter() - start
