"""Whether two requests can be problems apart by how long they take."""

import random
import time
from collections.abc import Callable, Sequence

from sqlalchemy import delete
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.users.models import LoginAttempts
from tests.helpers.client import Client

TRIALS = 40
ALIKE = 0.2, 0.8
"""Requests of one distribution leave this range once in some 200,000 runs."""

Request = Callable[[Client], TestResponse]


def likelihood(client: Client, first: Request, second: Request) -> float:
    """Return how likely the first takes longer: 0.5 when nobody can tell them apart.

    This is the U of Mann and Whitney as a share. The two take turns in an order of
    chance, so that what else the machine does slows both alike.
    """
    turns = [random.sample([first, second], 2) for _ in range(TRIALS)]
    timed = [(turn, seconds(client, turn)) for pair in turns for turn in pair]
    firsts = [spent for turn, spent in timed if turn is first]
    return share([spent for turn, spent in timed if turn is second], firsts)


def share(low: Sequence[float], high: Sequence[float]) -> float:
    """Return in which share of all pairs the second is higher."""
    return sum(b > a for a in low for b in high) / (len(low) * len(high))


def seconds(client: Client, request: Request) -> float:
    """Return how long a request takes when no guess was made before."""
    with client.app.app_context(), db.transaction():
        db.session.execute(delete(LoginAttempts))
    start = time.perf_counter()
    request(client)
    return time.perf_counter() - start
