"""Configuration of gunicorn, which reads this file from the working directory."""

import gc
import os
import signal
import sys
from functools import partial
from pathlib import Path

from gunicorn import systemd
from gunicorn.http import message

from config import load
from taskapi import maintenance
from taskapi.db import deadline
from taskapi.observability import logs, metrics
from taskapi.observability.logs import logging_config
from taskapi.passwords import MAX_WAITING
from taskapi.server import draining, ports
from taskapi.server.worker import Log, Worker

settings = load()
gc.disable()  # in the master, which creates no garbage; workers enable it
logs.configure(settings.log_level, settings.log_format)
logs.log_uncaught()

bind = settings.bind
worker_class = Worker
logger_class = Log
workers = settings.web_concurrency
threads = settings.threads + MAX_WAITING  # plus threads for logins that wait to hash
shared_memory = Path("/dev/shm")  # noqa: S108 - heartbeats on a disk can block workers
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
# a filter by 20 tags of 50 characters, percent-encoded, has 12,099 bytes; gunicorn's
# own maximum is 8,190
limit_request_line = message.MAX_REQUEST_LINE = 16_384
keepalive = settings.keepalive_seconds
graceful_timeout = 25
timeout = 60
max_requests = settings.max_requests
max_requests_jitter = settings.max_requests // 10  # so that workers restart one by one
preload_app = True
# With reuse_port 14 and 26 of 17,000 requests failed in two reloads under load, because
# the kernel gives connections to listeners of workers that end. Without it none failed,
# and the CPU time of two workers differed by less than a fifth.
reuse_port = False
forwarded_allow_ips = ""  # TRUSTED_PROXIES names the proxies to trust
forwarder_headers = ""
control_socket_disable = True
loglevel = settings.log_level
logconfig_dict = logging_config(settings.log_level, settings.log_format)
if settings.metrics_token:
    raw_env = [f"PROMETHEUS_MULTIPROC_DIR={metrics.share(worker_tmp_dir)}"]


GREETING = """
  taskapi         {address}
  documentation   {address}/docs
  Stop it with Ctrl-C. Create an account with

curl {address}/api/v1/auth/register -H 'Content-Type: application/json' \\
  -d '{{"username": "ann", "password": "water all plants daily"}}'

"""


mask_term = partial(signal.pthread_sigmask, mask={signal.SIGTERM})
os.register_at_fork(  # a worker receives SIGTERM only after it has its handlers
    before=partial(mask_term, signal.SIG_BLOCK),
    after_in_parent=partial(mask_term, signal.SIG_UNBLOCK),
)


def pre_fork(server, worker):
    """Freeze loaded objects, so that workers share their memory; number the worker."""
    gc.collect()
    gc.freeze()
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(n for n in range(len(taken) + 1) if n not in taken)


def post_fork(_server, worker):
    """Collect the garbage of requests; write the metrics of this worker."""
    gc.enable()
    metrics.enter_worker(worker.number)


def child_exit(_server, worker):
    """Remove the gauges of a worker that ended."""
    metrics.leave_worker(worker.number)


def drain(server):
    """Report readiness as 503, and stop when proxies have noticed it."""
    if draining.is_draining() or not settings.drain_seconds:
        raise StopIteration
    draining.start()
    stop = partial(server.SIG_QUEUE.put_nowait, signal.SIGTERM)
    signal.signal(signal.SIGALRM, lambda *_: stop())
    signal.setitimer(signal.ITIMER_REAL, settings.drain_seconds)


def on_starting(server):
    """Drain before stopping on SIGTERM; end if another program uses the port.

    gunicorn itself would retry for five seconds and log an error each time. A server
    that replaces another one (USR2), or that systemd gives a socket, shares the port.
    """
    server.handle_term = partial(drain, server)
    if not server.master_pid and not systemd.listen_fds(unset_environment=False):
        for address in server.cfg.address:
            if isinstance(address, tuple):
                ports.check_free(*address)


def post_worker_init(worker):
    """Accept SIGTERM; start maintenance, metrics and deadlines."""
    mask_term(signal.SIG_UNBLOCK)
    maintenance.start(worker.wsgi, is_first=worker.age == 1)
    metrics.start(worker.wsgi)
    deadline.start()
    if worker.age == settings.web_concurrency:
        greet()


def greet():
    """Print the address in development, after the log lines of the start."""
    if settings.environment == "development":
        sys.stdout.write(GREETING.format(address=settings.address))
        sys.stdout.flush()
