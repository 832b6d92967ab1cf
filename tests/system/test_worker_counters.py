"""Counters that the workers of an instance, and several instances, share."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.helpers.client import API, PASSWORD, Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.redis import RedisServer
from tests.helpers.server import Response, Server

BUSY = 503
RATE_LIMITED = 429
MAX_ATTEMPTS = 10
MAX_ATTEMPTS_PER_ADDRESS = 100
LOCK_SECONDS = 15 * 60
MAX_TRIES = 500
WRONG_PASSWORD = "a wrong password"
Start = Callable[..., Server]


def log_in(
    server: Server, name: str = "ann", password: str = WRONG_PASSWORD
) -> Response:
    """Try to log in, again while the service is too busy."""
    login = {"email": f"{name}@example.org", "password": password}
    for _ in range(MAX_TRIES):
        response = server.call("POST", f"{API}/auth/login", login)
        if response.status != BUSY:
            break
    return response


def statuses(responses: list[Response]) -> Counter[int]:
    return Counter(response.status for response in responses)


def read(server: Server, client: Client) -> int:
    """Read the client's account with its token; return the status."""
    bearer = {"Authorization": f"Bearer {client.tokens['access_token']}"}
    return server.call("GET", f"{API}/users/me", headers=bearer).status


def kill_workers(server: Server, _start: Start) -> Server:
    server.kill_workers()
    return server


def kill_server(server: Server, start: Start) -> Server:
    server.kill()
    return start()


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(1, id="one"),
        pytest.param(2, id="two", marks=pytest.mark.slow),
    ],
)
def test_ten_of_sixty_concurrent_login_attempts_are_checked(
    ann: Client, instance: Start, number: int
) -> None:
    servers = [instance() for _ in range(number)]

    responses = run_concurrently(
        *[partial(log_in, one) for one in servers] * (60 // number)
    )

    waits = [int(a.headers["Retry-After"]) for a in responses if a.status == 429]
    assert statuses(responses) == {401: MAX_ATTEMPTS, 429: 60 - MAX_ATTEMPTS}
    assert 0 < min(waits) <= max(waits) <= LOCK_SECONDS


@pytest.mark.one_database
def test_hundred_concurrent_login_attempts_of_an_address_are_checked(
    anonymous: Client, instance: Start
) -> None:
    server = instance()
    names = [f"unknown{number}" for number in range(MAX_ATTEMPTS_PER_ADDRESS + 20)]

    responses = run_concurrently(*[partial(log_in, server, name) for name in names])

    assert statuses(responses) == {401: MAX_ATTEMPTS_PER_ADDRESS, 429: 20}


@pytest.mark.one_database
@pytest.mark.parametrize(
    "kill", [kill_workers, pytest.param(kill_server, marks=pytest.mark.slow)]
)
def test_login_attempts_are_remembered_after_a_crash(
    ann: Client, instance: Start, kill: Callable[[Server, Start], Server]
) -> None:
    server = instance()
    before = run_concurrently(*[partial(log_in, server)] * 6)

    server = kill(server, instance)
    after = run_concurrently(*[partial(log_in, server)] * 20)
    correct = log_in(server, password=PASSWORD)

    assert statuses(before) == {401: 6}
    assert statuses(after) == {401: MAX_ATTEMPTS - 6, 429: 20 - (MAX_ATTEMPTS - 6)}
    assert (correct.status, correct.json["code"]) == (429, "rate-limited")


@pytest.mark.one_database
def test_locked_account_blocks_no_other_request(
    ann: Client, bob: Client, instance: Start
) -> None:
    server = instance()
    run_concurrently(*[partial(log_in, server)] * 20)

    locked = log_in(server, password=PASSWORD)
    other = log_in(server, "bob", PASSWORD)

    assert (locked.status, other.status) == (429, 200)
    assert [read(server, ann), read(server, bob)] == [200, 200]


@pytest.mark.one_database
def test_instances_share_rate_limits_and_continue_without_redis(
    ann: Client, instance: Start, store: RedisServer
) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_PER_MINUTE": 20}
    shared = limits | {"RATELIMIT_STORAGE_URI": store.uri}
    servers = [instance(**shared), instance(**shared)]

    with_redis = [read(server, ann) for server in servers * 15]
    store.freeze()
    without_redis = [read(server, ann) for server in servers * 15]

    assert with_redis[:20] == [200] * 20
    # a worker to which Redis responds late counts by itself
    assert RATE_LIMITED in with_redis[20:]
    assert without_redis == [200] * 30
