"""The servers that are measured: how each is started, waited for and ended."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import usage
from bench.databases import Database
from bench.paths import BIN, HOME, ROOT, secret

PLENTY = "1000000"
THREADS = "16"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 30

TASKAPI = {
    "ENVIRONMENT": "production",
    "HOST": "127.0.0.1",
    "THREADS": THREADS,
    "MAX_REQUESTS_IN_PROGRESS": THREADS,
    "RATELIMIT_PER_MINUTE": PLENTY,
    "RATELIMIT_AUTH_PER_MINUTE": PLENTY,
    "ACCESS_TOKEN_MINUTES": "1440",
}
GUNICORN = [str(BIN / "gunicorn")]
RAW = [*GUNICORN, "--config", "bench/peers/gunicorn.conf.py"]
UVICORN = [str(BIN / "uvicorn"), "--host", "127.0.0.1", "--no-access-log"]
UVICORN += ["--loop", "uvloop", "--http", "httptools"]


@dataclass(frozen=True)
class Spec:
    """How a server is started; `{port}` and `{workers}` are filled in."""

    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = ("postgresql", "sqlite")
    health: str = "/health"
    logs_in: bool = True


def _uvicorn(module: str) -> list[str]:
    return [*UVICORN, "--port", "{port}", "--workers", "{workers}", module]


SPECS = {
    spec.name: spec
    for spec in (
        Spec("taskapi", [*GUNICORN, "wsgi:app"], TASKAPI, health="/health/live"),
        Spec("raw", [*RAW, "bench.peers.bare_wsgi:plain"], logs_in=False),
        Spec("raw-auth", [*RAW, "bench.peers.bare_wsgi:authenticated"], logs_in=False),
        Spec(
            "fastapi-async",
            _uvicorn("bench.peers.fastapi_app:app"),
            databases=("postgresql",),
            health="/health/live",
        ),
    )
}


class Server:
    """A running server; all that it says goes into a file."""

    def __init__(
        self, spec: Spec, database: Database, *, owner: int = 0, workers: int = 2
    ) -> None:
        self.spec, self.port = spec, _free_port()
        places = {"port": self.port, "workers": workers}
        variables = {
            "DATABASE_URL": database.url,
            "SECRET_KEY": secret(),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(workers),
            "BENCH_OWNER": str(owner),
        }
        self.log = HOME / f"{spec.name}-{database.kind}.log"
        begun = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [word.format(**places) for word in spec.command],
                cwd=ROOT,
                env=_clean() | spec.variables | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._wait()
        self.seconds_to_start = time.monotonic() - begun

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.spec.name} does not start:\n{self._tail()}")
            time.sleep(0.005)

    def _is_healthy(self) -> bool:
        try:
            return self.call("GET", "/health")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def call(
        self, method: str, path: str, body: Any = None, token: str = ""
    ) -> tuple[int, Any]:
        """Send one request on a connection of its own; return status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            return exchange(connection, method, path, body, token)
        finally:
            connection.close()

    def tree(self) -> list[int]:
        """Return the ids of its processes."""
        return usage.tree(self.process.pid)

    def stop(self) -> None:
        """End all of its processes."""
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
    """Send a request on a connection that stays; return status and JSON."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, headers)
    response = connection.getresponse()
    said = response.read()
    is_json = "json" in response.headers.get("Content-Type", "")
    return response.status, json.loads(said) if is_json else said.decode()


def refuse_settings() -> str:
    """Return why the product would not run as shipped, if so."""
    file = Path(ROOT / ".env")
    return f"{file.name} would change the product; move it away" * file.exists()


def _clean() -> dict[str, str]:
    """Return the variables that no program of ours reads its settings from."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name in kept}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
