"""How gunicorn serves taskapi; it reads this file by itself."""

import gc
import sys
from pathlib import Path

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from config import load
from taskapi import background, gathering, metrics, watchdog
from taskapi.log import logging_config
from taskapi.passwords import WAITING

settings = load()
gc.disable()  # here, where all that is loaded stays; workers collect

bind = f"{settings.host}:{settings.port}"
workers = settings.web_concurrency
threads = settings.threads + WAITING  # who waits for a hash keeps nobody else out
memory = Path("/dev/shm")  # noqa: S108 - a heartbeat on a disk can block a worker
worker_tmp_dir = str(memory) if memory.is_dir() else None
keepalive = 30
graceful_timeout = 25
timeout = 60
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


class Worker(ThreadWorker):
    """A worker that closes its door before it leaves.

    gunicorn's own keeps the socket open until its last connection ends: who connects
    meanwhile waits for an answer that never comes, and a proxy cannot ask elsewhere.
    """

    def set_accept_enabled(self, enabled):
        """Take in who is at the door already, then close it."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._take_in_all(listener)
                listener.close()

    def _take_in_all(self, listener):
        before = None
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


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
