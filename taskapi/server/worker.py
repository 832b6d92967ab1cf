"""How a worker of gunicorn takes in requests; gunicorn.conf.py names this."""

import selectors
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from taskapi.server import wire
from taskapi.server.scheduling import (
    SLOT_SECONDS,
    Scheduler,
    turn,
)

ALIVE = tuple(
    b"%s /health/live%s" % (method, end)
    for method in (b"GET", b"HEAD")
    for end in (b" ", b"?")
)
HAS_BODY = (b"content-length", b"transfer-encoding")
MAX_HEADERS = 8192
MAX_DROPPED = 65536
LINGER_SECONDS = 2


class Log(Logger):
    """gunicorn's log without access lines: the app writes its own."""

    def access(self, *_about: object) -> None:
        """Do nothing; gunicorn would put a line together that nobody reads."""


class Worker(ThreadWorker):
    """A worker that waits for no client, closes its door and always says that it lives.

    gunicorn's own keeps the socket open until its last connection ends: who connects
    meanwhile waits for an answer that never comes, and a proxy cannot ask elsewhere.
    It also gives each connection a thread before anything was sent; while all threads
    wait for a database, nobody is told that the process is well; and when a client
    does not close a connection that is over, all others wait for two seconds. And all
    its threads compete; here requests take turns.
    """

    def init_process(self) -> None:
        """Keep a thread for who asks whether we live, and whom we wait to close."""
        self.turns: Scheduler[TConn] = Scheduler()
        self.lane = ThreadPoolExecutor(1)
        self.parting: dict[TConn, float] = {}
        self.heads: dict[TConn, bytes] = {}
        self.this_thread = threading.local()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Let a request wait for its turn, and a connection without one for data."""
        try:
            head = conn.sock.recv(MAX_HEADERS, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            head = b""
            if self.alive and not (conn.initialized or conn.data_ready):
                self._await_data(conn)
                return
        self.heads[conn] = head
        if _asks_for_life(head):
            self._begin(conn, self.lane)
        else:
            self.turns.waiting.append(conn)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Begin what may begin now, and look again soon while others wait."""
        soon = SLOT_SECONDS if self.turns.waiting else timeout
        super().wait_for_and_dispatch_events(soon)
        for conn in self.turns.due():
            self._begin(conn, self.tpool)

    def _begin(self, conn: TConn, pool: ThreadPoolExecutor) -> None:
        handled = pool.submit(self.handle, conn)
        handled.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle(self, conn: TConn) -> Any:
        """Answer a request; others may begin when it steps aside."""
        self.this_thread.head = self.heads.pop(conn, b"")
        with turn(partial(self.method_queue.defer, self.turns.end, conn)):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Pass a request on; its body must be complete and arrive in time."""
        wire.guard_body(req, conn.sock)
        return super().handle_request(req, conn)

    def handle_error(
        self, _req: Any, client: socket.socket, addr: Any, exc: BaseException
    ) -> None:
        """Let the application respond to what gunicorn rejects."""
        if wire.code_of(exc) == "internal-error":
            self.log.error("request failed", exc_info=exc)
        head, peer = self.this_thread.head, addr or ("", 0)
        response = wire.response_to(self.wsgi, head, peer, exc)
        with suppress(OSError):
            util.write_nonblock(client, response)

    def _await_data(self, conn: TConn) -> None:
        """Wait for its request where gunicorn waits for those of slow clients."""
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, wake)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Let a connection that is over wait for its client where nobody else waits."""
        self.turns.end(conn)
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def _part(self, conn: TConn) -> None:
        """Say that no more comes; a close at once could destroy what is on its way."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # closed already, on either side
            self._let_go(conn)
            return
        conn.sock.settimeout(0)
        self.parting[conn] = time.monotonic() + LINGER_SECONDS
        take = partial(self._take_rest, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, take)

    def _take_rest(self, conn: TConn, client: socket.socket) -> None:
        """Drop what a client still sends, until it has heard us and closes."""
        try:
            over = not client.recv(MAX_DROPPED)
        except OSError:
            over = True
        if over:
            self._end(conn)

    def _end(self, conn: TConn) -> None:
        del self.parting[conn]
        self.poller.unregister(conn.sock)
        self._let_go(conn)

    def _let_go(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Close what was to be closed by clients that did not."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [one for one, until in self.parting.items() if until < now]:
            self._end(conn)

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
