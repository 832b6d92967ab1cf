"""Gunicorn settings of the bare WSGI app: those of taskapi, with the stock worker."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = int(os.environ["WEB_CONCURRENCY"])
threads = int(os.environ.get("THREADS", "16"))
worker_class = "gthread"
keepalive = 30
preload_app = True
control_socket_disable = True
