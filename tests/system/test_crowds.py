"""What four workers of an instance, and two instances, count together."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.helpers.client import API, PASSWORD, Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.redis import RedisServer
from tests.helpers.server import Response, Server

BUSY = 503
REFUSED = 429
MOST = 10
MAX_OF_ADDRESS = 100
QUARTER = 15 * 60
TRIES = 500
WRONG = "a guess in the dark"
Start = Callable[..., Server]


def guess(server: Server, name: str = "ann", password: str = WRONG) -> Response:
    """Try a password for an account, until the service is not too busy for it."""
    login = {"email": f"{name}@example.org", "password": password}
    for _ in range(TRIES):
        response = server.call("POST", f"{API}/auth/login", login)
        if response.status != BUSY:
            break
    return response


def statuses(responses: list[Response]) -> Counter[int]:
    return Counter(response.status for response in responses)


def read(server: Server, client: Client) -> int:
    """Ask, with a session that was begun elsewhere, who one is."""
    bearer = {"Authorization": f"Bearer {client.tokens['access_token']}"}
    return server.call("GET", f"{API}/users/me", headers=bearer).status


def end_workers(server: Server, _start: Start) -> Server:
    server.kill_workers()
    return server


def end_server(server: Server, start: Start) -> Server:
    server.kill()
    return start()


@pytest.mark.parametrize("number", [1, 2], ids=["one", "two"])
def test_of_sixty_who_guess_at_once_ten_are_heard(
    ann: Client, instance: Start, number: int
) -> None:
    servers = [instance() for _ in range(number)]

    responses = run_concurrently(
        *[partial(guess, one) for one in servers] * (60 // number)
    )

    waits = [int(a.headers["Retry-After"]) for a in responses if a.status == 429]
    assert statuses(responses) == {401: MOST, 429: 60 - MOST}
    assert 0 < min(waits) <= max(waits) <= QUARTER


def test_of_an_address_that_guesses_at_once_a_hundred_are_heard(
    anonymous: Client, instance: Start
) -> None:
    server = instance()
    names = [f"nobody{number}" for number in range(MAX_OF_ADDRESS + 20)]

    responses = run_concurrently(*[partial(guess, server, name) for name in names])

    assert statuses(responses) == {401: MAX_OF_ADDRESS, 429: 20}


@pytest.mark.parametrize("end", [end_workers, end_server])
def test_guesses_before_a_crash_count_after_it(
    ann: Client, instance: Start, end: Callable[[Server, Start], Server]
) -> None:
    server = instance()
    before = run_concurrently(*[partial(guess, server)] * 6)

    server = end(server, instance)
    after = run_concurrently(*[partial(guess, server)] * 20)
    right = guess(server, password=PASSWORD)

    assert statuses(before) == {401: 6}
    assert statuses(after) == {401: MOST - 6, 429: 20 - (MOST - 6)}
    assert (right.status, right.json["code"]) == (429, "rate-limited")


def test_lock_blocks_no_other_request(
    ann: Client, bob: Client, instance: Start
) -> None:
    server = instance()
    run_concurrently(*[partial(guess, server)] * 20)

    locked = guess(server, password=PASSWORD)
    other = guess(server, "bob", PASSWORD)

    assert (locked.status, other.status) == (429, 200)
    assert [read(server, ann), read(server, bob)] == [200, 200]


def test_two_instances_count_by_one_store_and_go_on_without_it(
    ann: Client, instance: Start, store: RedisServer
) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_PER_MINUTE": 20}
    shared = limits | {"RATELIMIT_STORAGE_URI": store.uri}
    servers = [instance(**shared), instance(**shared)]

    together = [read(server, ann) for server in servers * 15]
    store.freeze()
    alone = [read(server, ann) for server in servers * 15]

    assert together[:20] == [200] * 20
    assert REFUSED in together[20:]  # a worker that it answers late counts by itself
    assert alone == [200] * 30
