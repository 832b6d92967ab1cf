"""Rate limits that instances count in Redis, also while it is unreachable."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from flask import Flask
from redis import ConnectionError as LostConnection
from redis import Redis

from taskapi.web.rate_limits import RETRY_SECONDS, TIMEOUTS
from tests.helpers.client import PASSWORD, Client, assert_problem, with_app
from tests.helpers.concurrency import run_concurrently
from tests.helpers.redis import RedisServer

pytestmark = pytest.mark.one_database

REQUESTS = 5
CLIENTS = 8
MakeApp = Callable[..., Flask]
Action = Callable[[RedisServer], None]
each_failure = pytest.mark.parametrize("stop", [RedisServer.kill, RedisServer.freeze])


@pytest.fixture
def app_with_redis(
    app_with: MakeApp, store: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> MakeApp:
    """Return a function that creates apps that count in Redis, with long timeouts."""
    for wait in TIMEOUTS:
        monkeypatch.setitem(TIMEOUTS, wait, 5 * TIMEOUTS[wait])
    return partial(app_with, ratelimit_enabled=True, ratelimit_storage_uri=store.uri)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the list of commands to Redis, which grows during the test."""
    recorded: list[object] = []
    execute_command = Redis.execute_command

    def record(client: Redis, *command: object, **options: object) -> object:
        recorded.append(command)
        return execute_command(client, *command, **options)

    monkeypatch.setattr(Redis, "execute_command", record)
    return recorded


@contextmanager
def at_the_next_attempt() -> Iterator[None]:
    """Set the clock to the time of the next attempt to reach Redis."""
    clock = time.monotonic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock() + RETRY_SECONDS)
        yield


def statuses(caller: Client, number: int = REQUESTS) -> list[int]:
    """Send requests sequentially; return their statuses."""
    return [caller.get("tasks").status_code for _ in range(number)]


def remaining(caller: Client) -> int:
    """Send a request; return how many more the limit allows."""
    parameters = caller.get("tasks").headers["RateLimit"].split(";")
    return int(parameters[1].removeprefix("r="))


def test_two_instances_share_one_count(ann: Client, app_with_redis: MakeApp) -> None:
    here, there = [with_app(ann, app_with_redis(ratelimit_per_minute=4)) for _ in "12"]

    first = statuses(here, 2) + statuses(there, 2)
    over = here.get("tasks"), there.get("tasks")

    assert first == [200] * 4
    assert [
        assert_problem(response, 429, "rate-limited")["status"] for response in over
    ]


def test_retry_after_comes_from_redis(
    ann: Client, app_with_redis: MakeApp, store: RedisServer
) -> None:
    caller = with_app(ann, app_with_redis(ratelimit_per_minute=1))
    caller.get("tasks")
    (window,) = store.execute("KEYS", "*")
    store.execute("PEXPIRE", window, 20_490)

    response = caller.get("tasks")

    reported = 1000 * int(response.headers["Retry-After"])
    assert store.execute("PTTL", window) <= reported < 22_000


@each_failure
def test_one_request_notices_that_redis_stopped(
    ann: Client,
    app_with_redis: MakeApp,
    store: RedisServer,
    commands: list[object],
    stop: Action,
) -> None:
    caller = with_app(ann, app_with_redis())
    caller.get("tasks")
    stop(store)
    commands.clear()

    results = statuses(caller)

    assert results == [200] * REQUESTS
    assert len(commands) == 1


@each_failure
def test_one_request_notices_that_redis_is_unreachable(
    ann: Client,
    app_with_redis: MakeApp,
    store: RedisServer,
    commands: list[object],
    stop: Action,
) -> None:
    caller = with_app(ann, app_with_redis())
    stop(store)

    results = statuses(caller)

    assert results == [200] * REQUESTS
    assert len(commands) == 1


def test_redis_call_times_out() -> None:
    connect_and_read = TIMEOUTS.values()

    assert sum(connect_and_read) <= 0.2


@each_failure
def test_concurrent_requests_try_a_stopped_redis_once_each(
    ann: Client,
    app_with_redis: MakeApp,
    store: RedisServer,
    commands: list[object],
    stop: Action,
) -> None:
    caller = with_app(ann, app_with_redis())
    caller.get("tasks")
    stop(store)
    commands.clear()

    concurrent = run_concurrently(*[lambda: caller.get("tasks").status_code] * CLIENTS)
    commands_before = len(commands)
    sequential = statuses(caller)

    assert concurrent + sequential == [200] * (CLIENTS + REQUESTS)
    assert 1 <= commands_before <= CLIENTS
    assert len(commands) == commands_before


@each_failure
def test_one_concurrent_request_retries_redis(
    ann: Client,
    app_with_redis: MakeApp,
    store: RedisServer,
    commands: list[object],
    stop: Action,
) -> None:
    caller = with_app(ann, app_with_redis())
    stop(store)
    caller.get("tasks")
    commands.clear()

    with at_the_next_attempt():
        responses = run_concurrently(
            *[lambda: caller.get("tasks").status_code] * CLIENTS
        )

    assert responses == [200] * CLIENTS
    assert len(commands) == 1


@each_failure
def test_each_instance_counts_while_redis_is_unreachable(
    ann: Client, app_with_redis: MakeApp, store: RedisServer, stop: Action
) -> None:
    caller = with_app(ann, app_with_redis(ratelimit_per_minute=2))
    caller.get("tasks")
    stop(store)

    results = statuses(caller, 3)

    assert results == [200, 200, 429]


@each_failure
def test_login_attempts_are_counted_while_redis_is_unreachable(
    ann: Client, app_with_redis: MakeApp, store: RedisServer, stop: Action
) -> None:
    caller = Client(app_with_redis(ratelimit_auth_per_minute=1000))
    stop(store)
    login = {"email": "ann@example.org", "password": "a wrong password"}

    wrong = [caller.post("auth/login", login).status_code for _ in range(11)]
    correct = caller.post("auth/login", login | {"password": PASSWORD})

    assert wrong == [401] * 10 + [429]
    assert_problem(correct, 429, "rate-limited")
    assert int(correct.headers["Retry-After"]) > 60


@pytest.mark.parametrize(
    ("stop", "restart"),
    [(RedisServer.kill, RedisServer.start), (RedisServer.freeze, RedisServer.resume)],
)
def test_redis_is_used_again_after_a_failure(
    ann: Client,
    app_with_redis: MakeApp,
    store: RedisServer,
    stop: Action,
    restart: Action,
) -> None:
    here, there = with_app(ann, app_with_redis()), with_app(ann, app_with_redis())
    stop(store)
    here.get("tasks")
    there.get("tasks")

    restart(store)
    with at_the_next_attempt():
        first, second = remaining(here), remaining(there)

    assert first == second + 1


@pytest.mark.parametrize(
    "command",
    ["REPLICAOF 127.0.0.1 1", "CONFIG SET requirepass x", "CONFIG SET maxmemory 1"],
    ids=["read-only", "password", "full"],
)
def test_requests_succeed_while_redis_rejects_commands(
    ann: Client, app_with_redis: MakeApp, store: RedisServer, command: str
) -> None:
    store.execute(*command.split())
    caller = with_app(ann, app_with_redis(ratelimit_per_minute=REQUESTS))

    results = statuses(caller, REQUESTS + 1)

    assert results == [200] * REQUESTS + [429]


@pytest.mark.parametrize(
    "address",
    ["redis://:x@127.0.0.1:{}/0", "redis://127.0.0.1:{}/0?x=1", "redis://a..b:{}/0"],
    ids=["password", "option", "host"],
)
def test_requests_succeed_with_a_wrong_redis_url(
    ann: Client, app_with_redis: MakeApp, store: RedisServer, address: str
) -> None:
    elsewhere = address.format(store.port)
    app = app_with_redis(ratelimit_per_minute=REQUESTS, ratelimit_storage_uri=elsewhere)

    results = statuses(with_app(ann, app), REQUESTS + 1)

    assert results == [200] * REQUESTS + [429]


def test_redis_failure_between_calls_fails_no_request(
    ann: Client, app_with_redis: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disconnect(*_command: object) -> None:
        raise LostConnection

    instance = Client(app_with_redis())
    instance.tokens = ann.tokens
    monkeypatch.setattr(Redis, "pttl", disconnect)

    assert statuses(instance) == [200] * REQUESTS
