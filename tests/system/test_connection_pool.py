"""Replacement of the connection pool: no connection stays open."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.util.queue import Queue

from taskapi.db.compiled import replace_connections
from taskapi.db.engine import Pool
from tests.helpers.concurrency import run_concurrently

THREADS = 8
ROUNDS = 200


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Return an engine with the pool of the app."""
    engine = create_engine("sqlite://", poolclass=Pool, pool_size=THREADS)
    yield engine
    engine.dispose()


def idle_connections(pools: list[Any]) -> list[int]:
    return [pool.checkedin() for pool in pools]


def test_connection_that_returns_during_disposal_is_closed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = engine.pool
    connection = engine.connect()
    put = Queue.put

    def dispose_first(*arguments: Any) -> None:
        pool.dispose()
        put(*arguments)

    monkeypatch.setattr(Queue, "put", dispose_first)
    connection.close()

    assert idle_connections([pool]) == [0]


def test_pools_that_are_replaced_at_once_have_no_connections(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[Any] = [engine.pool]
    recreate = Pool.recreate

    def record(pool: Pool) -> Any:
        pools.append(recreate(pool))
        return pools[-1]

    def use_and_replace() -> None:
        for _ in range(ROUNDS):
            engine.connect().close()
            replace_connections(engine)
            engine.connect().close()

    monkeypatch.setattr(Pool, "recreate", record)
    run_concurrently(*[use_and_replace] * THREADS)
    engine.dispose()

    assert set(idle_connections(pools)) == {0}
