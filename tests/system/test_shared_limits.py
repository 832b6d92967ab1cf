"""Rate limits that a Redis counts for all, and what happens while it is away."""

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

ROW = 5
CROWD = 8
MakeApp = Callable[..., Flask]
Away = Callable[[RedisServer], None]
away = pytest.mark.parametrize("leave", [RedisServer.kill, RedisServer.freeze])


@pytest.fixture
def sharing(
    app_with: MakeApp, store: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> MakeApp:
    """Return a maker of instances whose limits the Redis counts, however busy it is."""
    for wait in TIMEOUTS:
        monkeypatch.setitem(TIMEOUTS, wait, 5 * TIMEOUTS[wait])
    return partial(app_with, ratelimit_enabled=True, ratelimit_storage_uri=store.uri)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the list of questions to Redis, which grows while the test runs."""
    questions: list[object] = []
    ask = Redis.execute_command

    def note(client: Redis, *words: object, **options: object) -> object:
        questions.append(words)
        return ask(client, *words, **options)

    monkeypatch.setattr(Redis, "execute_command", note)
    return questions


@contextmanager
def after_a_while() -> Iterator[None]:
    """Be at the moment when an instance asks again."""
    clock = time.monotonic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock() + RETRY_SECONDS)
        yield


def statuses(caller: Client, number: int = ROW) -> list[int]:
    """Make requests one after the other."""
    return [caller.get("tasks").status_code for _ in range(number)]


def left(caller: Client) -> int:
    """Make a request, and return how many are left."""
    parameters = caller.get("tasks").headers["RateLimit"].split(";")
    return int(parameters[1].removeprefix("r="))


def test_two_instances_share_one_count(ann: Client, sharing: MakeApp) -> None:
    here, there = [with_app(ann, sharing(ratelimit_per_minute=4)) for _ in "12"]

    first = statuses(here, 2) + statuses(there, 2)
    over = here.get("tasks"), there.get("tasks")

    assert first == [200] * 4
    assert [
        assert_problem(response, 429, "rate-limited")["status"] for response in over
    ]


def test_retry_after_comes_from_redis(
    ann: Client, sharing: MakeApp, store: RedisServer
) -> None:
    caller = with_app(ann, sharing(ratelimit_per_minute=1))
    caller.get("tasks")
    (window,) = store.execute("KEYS", "*")
    store.execute("PEXPIRE", window, 20_490)

    response = caller.get("tasks")

    reported = 1000 * int(response.headers["Retry-After"])
    assert store.execute("PTTL", window) <= reported < 22_000


@away
def test_one_request_notices_that_redis_stopped(
    ann: Client, sharing: MakeApp, store: RedisServer, asked: list[object], leave: Away
) -> None:
    caller = with_app(ann, sharing())
    caller.get("tasks")
    leave(store)
    asked.clear()

    responded = statuses(caller)

    assert responded == [200] * ROW
    assert len(asked) == 1


@away
def test_one_request_notices_that_redis_is_unreachable(
    ann: Client, sharing: MakeApp, store: RedisServer, asked: list[object], leave: Away
) -> None:
    caller = with_app(ann, sharing())
    leave(store)

    responded = statuses(caller)

    assert responded == [200] * ROW
    assert len(asked) == 1


def test_redis_call_times_out() -> None:
    connect_and_answer = TIMEOUTS.values()

    assert sum(connect_and_answer) <= 0.2


@away
def test_of_a_crowd_each_asks_once_and_then_nobody(
    ann: Client, sharing: MakeApp, store: RedisServer, asked: list[object], leave: Away
) -> None:
    caller = with_app(ann, sharing())
    caller.get("tasks")
    leave(store)
    asked.clear()

    crowd = run_concurrently(*[lambda: caller.get("tasks").status_code] * CROWD)
    by_the_crowd = len(asked)
    row = statuses(caller)

    assert crowd + row == [200] * (CROWD + ROW)
    assert 1 <= by_the_crowd <= CROWD
    assert len(asked) == by_the_crowd


@away
def test_one_concurrent_request_retries_redis(
    ann: Client, sharing: MakeApp, store: RedisServer, asked: list[object], leave: Away
) -> None:
    caller = with_app(ann, sharing())
    leave(store)
    caller.get("tasks")
    asked.clear()

    with after_a_while():
        crowd = run_concurrently(*[lambda: caller.get("tasks").status_code] * CROWD)

    assert crowd == [200] * CROWD
    assert len(asked) == 1


@away
def test_each_instance_counts_while_the_store_is_away(
    ann: Client, sharing: MakeApp, store: RedisServer, leave: Away
) -> None:
    caller = with_app(ann, sharing(ratelimit_per_minute=2))
    caller.get("tasks")
    leave(store)

    responded = statuses(caller, 3)

    assert responded == [200, 200, 429]


@away
def test_guesses_are_counted_while_the_store_is_away(
    ann: Client, sharing: MakeApp, store: RedisServer, leave: Away
) -> None:
    caller = Client(sharing(ratelimit_auth_per_minute=1000))
    leave(store)
    login = {"email": "ann@example.org", "password": "a guess in the dark"}

    wrong = [caller.post("auth/login", login).status_code for _ in range(11)]
    right = caller.post("auth/login", login | {"password": PASSWORD})

    assert wrong == [401] * 10 + [429]
    assert_problem(right, 429, "rate-limited")
    assert int(right.headers["Retry-After"]) > 60


@pytest.mark.parametrize(
    ("leave", "come_back"),
    [(RedisServer.kill, RedisServer.start), (RedisServer.freeze, RedisServer.resume)],
)
def test_redis_is_used_again_after_a_failure(
    ann: Client, sharing: MakeApp, store: RedisServer, leave: Away, come_back: Away
) -> None:
    here, there = with_app(ann, sharing()), with_app(ann, sharing())
    leave(store)
    here.get("tasks")
    there.get("tasks")

    come_back(store)
    with after_a_while():
        first, second = left(here), left(there)

    assert first == second + 1


@pytest.mark.parametrize(
    "command",
    ["REPLICAOF 127.0.0.1 1", "CONFIG SET requirepass x", "CONFIG SET maxmemory 1"],
    ids=["read-only", "password", "full"],
)
def test_requests_go_on_while_the_store_refuses(
    ann: Client, sharing: MakeApp, store: RedisServer, command: str
) -> None:
    store.execute(*command.split())
    caller = with_app(ann, sharing(ratelimit_per_minute=ROW))

    responded = statuses(caller, ROW + 1)

    assert responded == [200] * ROW + [429]


@pytest.mark.parametrize(
    "address",
    ["redis://:x@127.0.0.1:{}/0", "redis://127.0.0.1:{}/0?x=1", "redis://a..b:{}/0"],
    ids=["password", "option", "host"],
)
def test_requests_go_on_while_the_store_is_not_where_it_should_be(
    ann: Client, sharing: MakeApp, store: RedisServer, address: str
) -> None:
    elsewhere = address.format(store.port)
    app = sharing(ratelimit_per_minute=ROW, ratelimit_storage_uri=elsewhere)

    responded = statuses(with_app(ann, app), ROW + 1)

    assert responded == [200] * ROW + [429]


def test_redis_failure_between_calls_fails_no_request(
    ann: Client, sharing: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go(*_words: object) -> None:
        raise LostConnection

    instance = Client(sharing())
    instance.tokens = ann.tokens
    monkeypatch.setattr(Redis, "pttl", go)

    assert statuses(instance) == [200] * ROW
