"""How gunicorn serves the bare callables: as the product, without its hooks."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = int(os.environ["WEB_CONCURRENCY"])
threads = int(os.environ.get("THREADS", "16"))
worker_class = "gthread"
keepalive = 30
preload_app = True
control_socket_disable = True
