"""How gunicorn serves taskapi; it reads this file by itself."""

import gc
import os
import signal
import sys
from functools import partial
from pathlib import Path

from gunicorn.http import message

from config import load
from taskapi import maintenance
from taskapi.db import deadline
from taskapi.observability import logs, metrics
from taskapi.observability.logs import logging_config
from taskapi.passwords import WAITING
from taskapi.server import draining
from taskapi.server.worker import Log, Worker

settings = load()
gc.disable()  # here, where all that is loaded stays; workers collect
logs.configure(settings.log_level)
logs.catch()

bind = settings.bind
worker_class = Worker
logger_class = Log
workers = settings.web_concurrency
threads = settings.threads + WAITING  # who waits for a hash keeps nobody else out
memory = Path("/dev/shm")  # noqa: S108 - a heartbeat on a disk can block a worker
worker_tmp_dir = str(memory) if memory.is_dir() else None
# 20 tags of 50 characters, percent-encoded, need 12,099; gunicorn stops at 8,190
limit_request_line = message.MAX_REQUEST_LINE = 16_384
keepalive = settings.keepalive_seconds
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
    raw_env = [f"PROMETHEUS_MULTIPROC_DIR={metrics.share(worker_tmp_dir)}"]


HELLO = """
  taskapi serves  {address}
  documentation   {address}/docs
  make an account with

curl {address}/api/v1/auth/register -H 'Content-Type: application/json' \\
  -d '{{"username": "ann", "password": "four words of yours"}}'

"""


mask_term = partial(signal.pthread_sigmask, mask={signal.SIGTERM})
os.register_at_fork(  # a worker that cannot hear yet that it should end hears it later
    before=partial(mask_term, signal.SIG_BLOCK),
    after_in_parent=partial(mask_term, signal.SIG_UNBLOCK),
)


def pre_fork(server, worker):
    """Freeze what was loaded, so that workers share its memory; number the worker."""
    gc.collect()
    gc.freeze()
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(n for n in range(len(taken) + 1) if n not in taken)


def post_fork(_server, worker):
    """Let each worker collect what its requests leave, and have figures of its own."""
    gc.enable()
    metrics.enter_worker(worker.number)


def child_exit(_server, worker):
    """Forget what a worker that ended was busy with."""
    metrics.leave_worker(worker.number)


def leave(server):
    """Say that this instance leaves, and leave when proxies have heard it."""
    if draining.is_leaving() or not settings.drain_seconds:
        raise StopIteration
    draining.announce()
    end = partial(server.SIG_QUEUE.put_nowait, signal.SIGTERM)
    signal.signal(signal.SIGALRM, lambda *_: end())
    signal.setitimer(signal.ITIMER_REAL, settings.drain_seconds)


def on_starting(server):
    """Leave in our way when told to."""
    server.handle_term = partial(leave, server)


def post_worker_init(worker):
    """Hear that it should end, and start what a worker does beside its requests."""
    mask_term(signal.SIG_UNBLOCK)
    maintenance.start(worker.wsgi)
    metrics.start(worker.wsgi)
    deadline.start()


def when_ready(_server):
    """Greet developers."""
    if settings.environment == "development":
        sys.stdout.write(HELLO.format(address=settings.address))
        sys.stdout.flush()
