"""The gunicorn worker of this service; gunicorn.conf.py names it."""

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
from taskapi.server.scheduling import SLOT_SECONDS, Scheduler, slot

LIVENESS_STARTS = tuple(
    b"%s /health/live%s" % (method, end)
    for method in (b"GET", b"HEAD")
    for end in (b" ", b"?")
)
BODY_HEADERS = (b"content-length", b"transfer-encoding")
MAX_HEAD = 8192
MAX_DISCARDED = 65536
LINGER_SECONDS = 2


class Log(Logger):
    """gunicorn's logger without access lines: the app writes its own."""

    def access(self, *_details: object) -> None:
        """Do nothing, which saves formatting a line that no handler writes."""


class Worker(ThreadWorker):
    """Gthread worker that ignores idle clients and stops listening before it finishes.

    After SIGTERM it accepts the connections that wait in the kernel, closes its
    listeners, and finishes the requests in progress. gunicorn closes connections that
    are kept alive two seconds later.

    It differs from gunicorn's worker as follows. Each override names the test that
    requires it, and tests/server/test_gunicorn_internals.py fails if a new version of
    gunicorn changes what they depend on.

    - Listeners close when the worker stops. gunicorn's worker keeps them open until its
      last connection ends, and clients that connect in between get no response: 12 of
      13,500 requests failed while two instances behind nginx were restarted, none of
      14,000 with this class. They also close when the master was killed
      (tests/system/test_draining.py, tests/server/test_worker.py).
    - A connection gets a thread when its request arrives, not before, so idle clients
      occupy none (tests/system/test_index.py).
    - Liveness probes have a thread of their own and succeed while all others wait for a
      database (tests/system/test_health.py).
    - A connection that the server ends is closed when the client has read the response,
      without blocking the main thread, which gunicorn blocks for up to two seconds
      (tests/system/test_closing_connections.py).
    - Requests are scheduled (tests/system/test_scheduling.py), and invalid ones are
      passed to the application (tests/system/test_rejected_requests.py).
    """

    def init_process(self) -> None:
        """Prepare the state of this worker (tests/system/test_scheduling.py)."""
        self.scheduler: Scheduler[TConn] = Scheduler()
        self.liveness_pool = ThreadPoolExecutor(1)
        self.closing: dict[TConn, float] = {}
        self.heads: dict[TConn, bytes] = {}
        self.this_thread = threading.local()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Queue a request, or wait for data if the connection has sent none.

        tests/system/test_index.py
        """
        try:
            head = conn.sock.recv(MAX_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            head = b""
            if self.alive and not (conn.initialized or conn.data_ready):
                self._await_data(conn)
                return
        self.heads[conn] = head
        if _is_liveness_probe(head):
            self._submit(conn, self.liveness_pool)
        else:
            self.scheduler.waiting.append(conn)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Dispatch events and begin the requests that are due.

        While requests wait, look again after the length of a slot
        (tests/system/test_scheduling.py).
        """
        until = SLOT_SECONDS if self.scheduler.waiting else timeout
        super().wait_for_and_dispatch_events(until)
        for conn in self.scheduler.admit():
            self._submit(conn, self.tpool)

    def _submit(self, conn: TConn, pool: ThreadPoolExecutor) -> None:
        handled = pool.submit(self.handle, conn)
        handled.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle(self, conn: TConn) -> Any:
        """Handle a request, which may release its slot.

        tests/system/test_scheduling.py
        """
        self.this_thread.head = self.heads.pop(conn, b"")
        with slot(partial(self.method_queue.defer, self.scheduler.release, conn)):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Pass a request on, with a body that must be complete and arrive in time.

        tests/system/test_incomplete_bodies.py
        """
        wire.guard_body(req, conn.sock)
        return super().handle_request(req, conn)

    def handle_error(
        self, _req: Any, client: socket.socket, addr: Any, exc: BaseException
    ) -> None:
        """Let the application respond to a request that gunicorn rejects.

        tests/system/test_rejected_requests.py
        """
        if wire.code_of(exc) == "internal-error":
            self.log.error("request failed", exc_info=exc)
        head, peer = self.this_thread.head, addr or ("", 0)
        response = wire.response_to(self.wsgi, head, peer, exc)
        with suppress(OSError):
            util.write_nonblock(client, response)

    def _await_data(self, conn: TConn) -> None:
        """Let gunicorn's poller wait for the request of a connection."""
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        wake = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, wake)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Keep a connection that stays open; close others without blocking.

        tests/system/test_closing_connections.py
        """
        self.scheduler.release(conn)
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Send the end of the stream and close later.

        Closing at once could reset the connection before the client has read the
        response.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # closed already, on either side
            self._close(conn)
            return
        conn.sock.settimeout(0)
        self.closing[conn] = time.monotonic() + LINGER_SECONDS
        discard = partial(self._discard, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, discard)

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        """Drop what a client still sends, until it closes the connection."""
        try:
            is_closed = not client.recv(MAX_DISCARDED)
        except OSError:
            is_closed = True
        if is_closed:
            self._end_linger(conn)

    def _end_linger(self, conn: TConn) -> None:
        del self.closing[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Also close connections that clients did not close in time.

        tests/server/test_worker.py
        """
        super().murder_pending()
        now = time.monotonic()
        for conn in [one for one, until in self.closing.items() if until < now]:
            self._end_linger(conn)

    def set_accept_enabled(self, enabled: Any) -> None:
        """When the worker stops, accept queued connections, then stop listening.

        A worker that is stopped while it boots still calls this with True, and one
        that has too many connections twice with False.

        tests/system/test_draining.py, tests/server/test_worker.py
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_all(listener)
                listener.close()
            self.sockets = []
            for conn in self.pending_conns:
                conn.timeout = time.monotonic() + LINGER_SECONDS

    def is_parent_alive(self) -> bool:
        """Stop as after SIGTERM when the master was killed.

        gunicorn's worker keeps its listeners open for up to 25 seconds while clients
        keep their connections busy, and no other master can use the port
        (tests/server/test_worker.py).
        """
        if not super().is_parent_alive():
            self.alive = False  # never True, which could undo a SIGTERM
        return bool(self.alive)

    def _accept_all(self, listener: socket.socket) -> None:
        before = None
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


def _is_liveness_probe(head: bytes) -> bool:
    """Return whether a request is a complete probe, which blocks no thread."""
    is_complete = head.startswith(LIVENESS_STARTS) and head.endswith(b"\r\n\r\n")
    return is_complete and not any(name in head.lower() for name in BODY_HEADERS)
