"""CPU time of requests without an HTTP server, compared with bare WSGI.

taskapi and `peers.bare_wsgi` run in this process alternately, in groups of requests.
The result is the lower quartile of the ratios of adjacent groups, so that other load on
the machine hardly changes it.

    python -m bench.in_process   with DATABASE_URL and SECRET_KEY of an empty database
"""

import gc
import io
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

import flask_migrate

import config
from bench.data import PASSWORD
from bench.peers import bare_wsgi
from taskapi import create_app

GROUPS = 24
REQUESTS_PER_GROUP = 30
TASKS = 200
SETTINGS: Any = {"ratelimit_per_minute": 1_000_000, "bcrypt_rounds": 4}
NEW_TASK = {"title": "Water the plants", "description": "x" * 75}

WsgiApp = Callable[..., Any]


def call(
    app: WsgiApp, method: str, path: str, body: Any = None, token: str = ""
) -> bytes:
    """Return the body of the response; raises ValueError unless the status is 2xx."""
    path, _, query = path.partition("?")
    content = json.dumps(body).encode() if body is not None else b""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "bench",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "CONTENT_TYPE": "application/json" if content else "",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    statuses: list[str] = []
    response = app(environ, lambda status, *_rest: statuses.append(status))
    received = b"".join(response)
    getattr(response, "close", lambda: None)()
    if not statuses[0].startswith("2"):
        raise ValueError(f"{method} {path}: {statuses[0]} {received!r}")
    return received


def operations(app: WsgiApp) -> dict[str, tuple[Any, ...]]:
    """Create an account with tasks; return one request of each kind for it."""
    account = {"username": "ann", "password": PASSWORD}
    call(app, "POST", "/api/v1/auth/register", account)
    tokens = call(app, "POST", "/api/v1/auth/login", account)
    token = json.loads(tokens)["access_token"]
    for _ in range(TASKS):
        task = json.loads(call(app, "POST", "/api/v1/tasks", NEW_TASK, token))
    return {
        "get": ("GET", f"/api/v1/tasks/{task['id']}", None, token),
        "list": ("GET", "/api/v1/tasks?limit=20", None, token),
        "create": ("POST", "/api/v1/tasks", NEW_TASK, token),
    }


def microseconds(app: WsgiApp, request: tuple[Any, ...]) -> float:
    """Return the mean CPU time of a group of equal requests."""
    start = time.process_time()
    for _ in range(REQUESTS_PER_GROUP):
        call(app, *request)
    return (time.process_time() - start) / REQUESTS_PER_GROUP * 1e6


def measure() -> dict[str, dict[str, float]]:
    """Return for each operation both CPU times in microseconds, and their ratio.

    The times are those of the fastest groups.
    """
    app = create_app(replace(config.load(), **SETTINGS))
    with app.app_context():
        flask_migrate.upgrade()
    requests = operations(app)
    gc.collect()
    gc.freeze()
    results = {}
    for name, request in requests.items():
        pairs = [
            (microseconds(app, request), microseconds(bare_wsgi.app, request))
            for _ in range(GROUPS)
        ]
        taskapi, bare = map(min, zip(*pairs, strict=True))
        ratio, *_ = quantiles((a / b for a, b in pairs), n=4)
        results[name] = {"taskapi": taskapi, "raw-auth": bare, "ratio": ratio}
    return results


if __name__ == "__main__":
    output = sys.stdout
    with Path(os.devnull).open("w") as sys.stdout:  # the access log
        measured = measure()
    json.dump(measured, output, indent=2)
