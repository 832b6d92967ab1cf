"""How gunicorn serves taskapi; it reads this file by itself."""

import gc
import selectors
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from config import load
from taskapi import background, gathering, lifecycle, log, metrics, watchdog
from taskapi.log import logging_config
from taskapi.passwords import WAITING

settings = load()
gc.disable()  # here, where all that is loaded stays; workers collect
log.configure(settings.log_level)
log.catch()

bind = f"{settings.host}:{settings.port}"
workers = settings.web_concurrency
threads = settings.threads + WAITING  # who waits for a hash keeps nobody else out
memory = Path("/dev/shm")  # noqa: S108 - a heartbeat on a disk can block a worker
worker_tmp_dir = str(memory) if memory.is_dir() else None
keepalive = 30
graceful_timeout = 25
timeout = 60
max_requests = settings.max_requests
max_requests_jitter = settings.max_requests // 10  # not all workers at once
preload_app = True
reuse_port = False  # on, reloads under load broke 14 of 17,000 requests; off, none
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides whom to believe
forwarder_headers = ""
control_socket_disable = True
logconfig_dict = logging_config(settings.log_level)
if settings.metrics_token:
    raw_env = [f"PROMETHEUS_MULTIPROC_DIR={gathering.share(worker_tmp_dir)}"]


HELLO = """
  taskapi serves  {address}
  documentation   {address}/docs
  make an account with

curl {address}/api/v1/auth/register -H 'Content-Type: application/json' \\
  -d '{{"username": "ann", "password": "four words of yours"}}'

"""


class Log(Logger):
    """gunicorn's log without access lines: the app writes its own."""

    def access(self, resp, req, environ, request_time):
        """Do nothing; gunicorn would put a line together that nobody reads."""


ALIVE = (b"GET /health/live ", b"HEAD /health/live ")
HAS_BODY = (b"content-length", b"transfer-encoding")
MOST_HEADERS = 8192
LINGER_SECONDS = 2


class Worker(ThreadWorker):
    """A worker that closes its door before it leaves, and always says that it lives.

    gunicorn's own keeps the socket open until its last connection ends: who connects
    meanwhile waits for an answer that never comes, and a proxy cannot ask elsewhere.
    It also gives each connection a thread before anything was sent; and while all
    threads wait for a database, nobody is told that the process is well.
    """

    def get_thread_pool(self):
        """Keep a thread for who asks whether we live."""
        self.lane = ThreadPoolExecutor(1)
        return super().get_thread_pool()

    def enqueue_req(self, conn):
        """Give a request a thread, and a connection without one none."""
        try:
            head = conn.sock.recv(MOST_HEADERS, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            head = b""
            if self.alive and not (conn.initialized or conn.data_ready):
                self._await_data(conn)
                return
        pool = self.lane if _asks_for_life(head) else self.tpool
        handled = pool.submit(self.handle, conn)
        handled.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _await_data(self, conn):
        """Wait for its request where gunicorn waits for those of slow clients."""
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, wake)

    def set_accept_enabled(self, enabled):
        """Take in who is at the door already, then close it."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._take_in_all(listener)
                listener.close()
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, time.monotonic() + LINGER_SECONDS)

    def _take_in_all(self, listener):
        before = None
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


def _asks_for_life(head):
    """Tell whether it is such a request as a whole, which keeps no thread waiting."""
    whole = head.startswith(ALIVE) and head.endswith(b"\r\n\r\n")
    return whole and not any(name in head.lower() for name in HAS_BODY)


worker_class = Worker
logger_class = Log


def pre_fork(server, worker):
    """Freeze what was loaded, so that workers share its memory; number the worker."""
    gc.collect()
    gc.freeze()
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(n for n in range(len(taken) + 1) if n not in taken)


def post_fork(_server, worker):
    """Let each worker collect what its requests leave, and have figures of its own."""
    gc.enable()
    gathering.enter(worker.number)


def child_exit(_server, worker):
    """Forget what a worker that ended was busy with."""
    gathering.leave(worker.number)


def leave(server):
    """Say that this instance leaves, and leave when proxies have heard it."""
    if lifecycle.is_leaving() or not settings.drain_seconds:
        raise StopIteration
    lifecycle.announce()
    end = partial(server.SIG_QUEUE.put_nowait, signal.SIGTERM)
    signal.signal(signal.SIGALRM, lambda *_: end())
    signal.setitimer(signal.ITIMER_REAL, settings.drain_seconds)


def on_starting(server):
    """Leave in our way when told to."""
    server.handle_term = partial(leave, server)


def post_worker_init(worker):
    """Start what a worker does beside its requests."""
    background.start(worker.wsgi)
    metrics.start(worker.wsgi)
    watchdog.start()


def when_ready(_server):
    """Greet developers."""
    if settings.environment == "development":
        sys.stdout.write(
            HELLO.format(address=f"http://{settings.host}:{settings.port}")
        )
        sys.stdout.flush()
