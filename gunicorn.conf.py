"""How gunicorn serves taskapi; it reads this file by itself."""

import gc

from config import load
from taskapi.log import logging_config

settings = load()

bind = f"{settings.host}:{settings.port}"
workers = settings.web_concurrency
threads = settings.threads
worker_class = "gthread"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat on a disk can block a worker
keepalive = 30
graceful_timeout = 25
timeout = 60
preload_app = True
control_socket_disable = True
logconfig_dict = logging_config(settings.log_level)


def when_ready(_server):
    """Freeze what was loaded, so that the workers share its memory."""
    gc.collect()
    gc.freeze()
