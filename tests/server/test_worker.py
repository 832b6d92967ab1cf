"""Connections that the worker accepts last, or closes because clients do not."""

import os
import selectors
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from gunicorn.config import Config
from gunicorn.sock import TCPSocket
from gunicorn.workers.gthread import TConn

from taskapi.server.scheduling import Scheduler
from taskapi.server.worker import Log, Worker

Pair = tuple[TConn, socket.socket]


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Return a worker that accepts no connections."""
    config = Config()
    made = Worker(1, os.getpid(), [], None, 30, config, Log(config))
    made.scheduler, made.closing = Scheduler(), {}
    made.poller = selectors.DefaultSelector()
    yield made
    made.poller.close()
    made.tmp.close()


@pytest.fixture
def pair(worker: Worker) -> Iterator[Pair]:
    """Return a connection of the worker, and its client."""
    server, client = socket.socketpair()
    worker.nr_conns = 1
    with server, client:
        yield TConn(worker.cfg, server, None, None), client


def dispatch(worker: Worker) -> None:
    """Handle the connections that have received something."""
    for key, _ in worker.poller.select(0):
        key.data(key.fileobj)


def is_open(conn: TConn) -> bool:
    return bool(conn.sock.fileno() >= 0)


def close_later(worker: Worker, conn: TConn) -> None:
    """End a request after which the connection closes."""
    done: Future[bool] = Future()
    done.set_result(False)
    worker.finish_request(conn, done)


def test_worker_stops_as_after_sigterm_when_its_master_was_killed(
    worker: Worker,
) -> None:
    worker.ppid = os.getppid() + 1

    assert not worker.is_parent_alive()
    assert not worker.alive


def test_check_of_the_master_does_not_undo_sigterm(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> int:
        worker.handle_exit(signal.SIGTERM, None)
        return worker.ppid

    worker.ppid = os.getppid()
    worker.method_queue.init()
    monkeypatch.setattr(os, "getppid", stop)

    assert not worker.is_parent_alive()
    assert not worker.alive
    worker.method_queue.close()


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([True, False], id="stopped before it accepts"),
        pytest.param([False], id="stopped with too many connections"),
        pytest.param([False, False], id="stopped twice"),
    ],
)
def test_stopped_worker_accepts_queued_connections_once(
    worker: Worker, calls: list[bool]
) -> None:
    listener = TCPSocket(("127.0.0.1", 0), worker.cfg, worker.log)
    listener.settimeout(0)
    worker.sockets, worker.heads, worker.alive = [listener], {}, False

    with socket.create_connection(listener.getsockname()):
        for is_enabled in calls:
            worker.set_accept_enabled(is_enabled)

    assert (worker.nr_conns, listener.sock) == (1, None)
    (conn,) = worker.heads
    conn.close()


def test_idle_connection_is_closed_after_its_timeout(
    worker: Worker, pair: Pair
) -> None:
    conn, client = pair
    worker.enqueue_req(conn)
    worker.murder_pending()
    before = is_open(conn)
    conn.timeout = 0

    worker.murder_pending()

    assert (before, is_open(conn), worker.nr_conns) == (True, False, 0)
    assert client.recv(1) == b""


def test_lingering_connection_is_closed_after_a_while(
    worker: Worker, pair: Pair
) -> None:
    conn, client = pair
    close_later(worker, conn)
    worker.murder_pending()
    before = is_open(conn)
    worker.closing[conn] = 0

    worker.murder_pending()

    assert (before, is_open(conn), worker.nr_conns) == (True, False, 0)
    assert client.recv(1) == b""


def test_lingering_connection_is_closed_when_its_client_closes(
    worker: Worker, pair: Pair
) -> None:
    conn, client = pair
    close_later(worker, conn)
    client.sendall(b"more")
    dispatch(worker)
    before = is_open(conn)
    client.close()

    dispatch(worker)

    assert (before, is_open(conn), worker.nr_conns) == (True, False, 0)
