"""What a request costs in process, as a ratio against the limit of `peers.raw`.

Both callables run in this process in turn, group by group. Of the ratios of groups side
by side the lower quartile counts, in CPU time: so the ratio hardly depends on who makes
the machine slower for a while.

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
from bench.peers import bare_wsgi as raw
from taskapi import create_app

GROUPS = 24
CALLS = 30
TASKS = 200
PASSWORD = "four words of mine"  # noqa: S105 - of an account that nobody keeps
UNHINDERED: Any = {"ratelimit_per_minute": 1_000_000, "bcrypt_rounds": 4}
NEW = {"title": "Water the plants", "description": "x" * 75}

Wsgi = Callable[..., Any]


def call(app: Wsgi, method: str, path: str, body: Any = None, token: str = "") -> bytes:
    """Return the answer of a WSGI callable; raises ValueError for a refusal."""
    path, _, query = path.partition("?")
    sent = json.dumps(body).encode() if body is not None else b""
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
        "CONTENT_TYPE": "application/json" if sent else "",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    statuses: list[str] = []
    answer = app(environ, lambda status, *_rest: statuses.append(status))
    text = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    if not statuses[0].startswith("2"):
        raise ValueError(f"{method} {path}: {statuses[0]} {text!r}")
    return text


def operations(app: Wsgi) -> dict[str, tuple[Any, ...]]:
    """Make an account with tasks; return a request of each kind for it."""
    account = {"username": "ann", "password": PASSWORD}
    call(app, "POST", "/api/v1/auth/register", account)
    session = call(app, "POST", "/api/v1/auth/login", account)
    token = json.loads(session)["access_token"]
    made = [call(app, "POST", "/api/v1/tasks", NEW, token) for _ in range(TASKS)]
    one = f"/api/v1/tasks/{json.loads(made[-1])['id']}"
    return {
        "get": ("GET", one, None, token),
        "list": ("GET", "/api/v1/tasks?limit=20", None, token),
        "create": ("POST", "/api/v1/tasks", NEW, token),
    }


def microseconds(app: Wsgi, request: tuple[Any, ...]) -> float:
    """Return the CPU time of a request, mean of a group."""
    before = time.process_time()
    for _ in range(CALLS):
        call(app, *request)
    return (time.process_time() - before) / CALLS * 1e6


def measure() -> dict[str, dict[str, float]]:
    """Return for each operation the CPU time of both in microseconds, and the ratio.

    The times are of the best groups.
    """
    app = create_app(replace(config.load(), **UNHINDERED))
    with app.app_context():
        flask_migrate.upgrade()
    requests = operations(app)
    gc.collect()
    gc.freeze()
    figures = {}
    for name, request in requests.items():
        pairs = [
            (microseconds(app, request), microseconds(raw.authenticated, request))
            for _ in range(GROUPS)
        ]
        ours, limit = map(min, zip(*pairs, strict=True))
        ratio, *_ = quantiles((a / b for a, b in pairs), n=4)
        figures[name] = {"taskapi": ours, "raw-auth": limit, "ratio": ratio}
    return figures


if __name__ == "__main__":
    log = sys.stdout
    with Path(os.devnull).open("w") as sys.stdout:
        measured = measure()
    json.dump(measured, log, indent=2)
