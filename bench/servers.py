"""The measured servers and their processes."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import usage
from bench.databases import Database
from bench.paths import BIN, ROOT, WORK, secret_key

UNLIMITED = "1000000"
THREADS = "16"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 30

TASKAPI = {
    "ENVIRONMENT": "production",
    "HOST": "127.0.0.1",
    "THREADS": THREADS,
    "MAX_REQUESTS_IN_PROGRESS": THREADS,
    "RATELIMIT_PER_MINUTE": UNLIMITED,
    "RATELIMIT_AUTH_PER_MINUTE": UNLIMITED,
    "ACCESS_TOKEN_MINUTES": "1440",
}
GUNICORN = [str(BIN / "gunicorn")]
BARE_WSGI = [*GUNICORN, "--config", "bench/peers/gunicorn.conf.py"]
BARE_WSGI += ["bench.peers.bare_wsgi:app"]
UVICORN = [str(BIN / "uvicorn"), "--host", "127.0.0.1", "--no-access-log"]
UVICORN += ["--loop", "uvloop", "--http", "httptools"]


@dataclass(frozen=True)
class Spec:
    """The command of a server; `{port}` and `{workers}` are replaced."""

    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = ("postgresql", "sqlite")
    health: str = "/health"
    has_login: bool = True


def _uvicorn(module: str) -> list[str]:
    return [*UVICORN, "--port", "{port}", "--workers", "{workers}", module]


SPECS = {
    spec.name: spec
    for spec in (
        Spec("taskapi", [*GUNICORN, "wsgi:app"], TASKAPI, health="/health/live"),
        Spec("raw-auth", BARE_WSGI, has_login=False),
        Spec(
            "fastapi-async",
            _uvicorn("bench.peers.fastapi_app:app"),
            databases=("postgresql",),
            health="/health/live",
        ),
    )
}


class Server:
    """A running server; its output goes to a file in .bench/."""

    def __init__(self, spec: Spec, database: Database, *, workers: int = 2) -> None:
        self.spec, self.port = spec, _free_port()
        values = {"port": self.port, "workers": workers}
        variables = {
            "DATABASE_URL": database.url,
            "SECRET_KEY": secret_key(),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(workers),
        }
        self.log = WORK / f"{spec.name}-{database.kind}.log"
        start = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [word.format(**values) for word in spec.command],
                cwd=ROOT,
                env=_inherited() | spec.variables | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._wait()
        self.seconds_to_start = time.monotonic() - start

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(
                    f"{self.spec.name} did not start:\n{self._last_lines()}"
                )
            time.sleep(0.005)

    def _is_healthy(self) -> bool:
        try:
            return self.call("GET", "/health")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def call(
        self, method: str, path: str, body: Any = None, token: str = ""
    ) -> tuple[int, Any]:
        """Send a request on a new connection; return status and parsed body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            return exchange(connection, method, path, body, token)
        finally:
            connection.close()

    def tree(self) -> list[int]:
        """Return the ids of its processes."""
        return usage.tree(self.process.pid)

    def stop(self) -> None:
        """Stop all of its processes."""
        pids = self.tree()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(SECONDS_TO_STOP)
        for pid in set(pids) & set(self.tree()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    token: str = "",
) -> tuple[int, Any]:
    """Send a request on an open connection; return status and parsed body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, headers)
    response = connection.getresponse()
    content = response.read()
    is_json = "json" in response.headers.get("Content-Type", "")
    return response.status, json.loads(content) if is_json else content.decode()


def require_default_settings() -> None:
    """Exit if a .env file would change the settings of taskapi."""
    if Path(ROOT / ".env").exists():
        sys.exit("bench: .env would change the settings of taskapi; move it away")


def _inherited() -> dict[str, str]:
    """Return the variables that do not configure any of the servers."""
    names = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name in names}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
