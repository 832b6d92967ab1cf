"""How a worker of gunicorn takes in requests; gunicorn.conf.py names this."""

import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

ALIVE = (b"GET /health/live ", b"HEAD /health/live ")
HAS_BODY = (b"content-length", b"transfer-encoding")
MOST_HEADERS = 8192
LINGER_SECONDS = 2


class Log(Logger):
    """gunicorn's log without access lines: the app writes its own."""

    def access(self, *_about: object) -> None:
        """Do nothing; gunicorn would put a line together that nobody reads."""


class Worker(ThreadWorker):
    """A worker that closes its door before it leaves, and always says that it lives.

    gunicorn's own keeps the socket open until its last connection ends: who connects
    meanwhile waits for an answer that never comes, and a proxy cannot ask elsewhere.
    It also gives each connection a thread before anything was sent; and while all
    threads wait for a database, nobody is told that the process is well.
    """

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Keep a thread for who asks whether we live."""
        self.lane = ThreadPoolExecutor(1)
        return super().get_thread_pool()

    def enqueue_req(self, conn: TConn) -> None:
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

    def _await_data(self, conn: TConn) -> None:
        """Wait for its request where gunicorn waits for those of slow clients."""
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, wake)

    def set_accept_enabled(self, enabled: Any) -> None:
        """Take in who is at the door already, then close it."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._take_in_all(listener)
                listener.close()
            for conn in self.pending_conns:
                conn.timeout = time.monotonic() + LINGER_SECONDS

    def _take_in_all(self, listener: socket.socket) -> None:
        before = None
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


def _asks_for_life(head: bytes) -> bool:
    """Tell whether it is such a request as a whole, which keeps no thread waiting."""
    whole = head.startswith(ALIVE) and head.endswith(b"\r\n\r\n")
    return whole and not any(name in head.lower() for name in HAS_BODY)
