"""Instances of taskapi, as gunicorn serves them."""

import http.client
import signal
from dataclasses import fields
from pathlib import Path

from config import Settings
from tests.helpers.programs import Program, beside_python, free_port, wait_until

SETTINGS = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS",  # of this run only
    "TRUSTED_PROXIES": "1",
    "BCRYPT_ROUNDS": "4",
    "WEB_CONCURRENCY": "1",
    "THREADS": "8",
    "MAX_REQUESTS_IN_PROGRESS": "8",
    "RATELIMIT_PER_MINUTE": "1000000",
    "RATELIMIT_AUTH_PER_MINUTE": "1000000",
}
HEALTHY = 200


def variables(**settings: str) -> dict[str, str]:
    """Say every setting, so that no `.env` that lies about matters."""
    defaults = {one.name.upper(): one.default for one in fields(Settings)}
    texts = {n: "" if value == () else str(value) for n, value in defaults.items()}
    return texts | SETTINGS | settings


def command(folder: Path, database_url: str, *words: str) -> None:
    """Run a command of the service on a database."""
    settings = variables(DATABASE_URL=database_url)
    done = Program(
        words[0], [beside_python("flask"), *words], folder, variables=settings
    )
    if done.process.wait():
        raise RuntimeError(done.log.read_text())


class Instance:
    """One gunicorn on a port of its own."""

    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        self.port = free_port()
        words = [beside_python("gunicorn"), "wsgi:app"]
        said = variables(PORT=str(self.port), **settings)
        self.program = Program(name, words, folder, variables=said)
        self.wait()

    def wait(self) -> None:
        """Return when it is ready."""
        self.program.wait(self.is_ready)

    def restart(self) -> None:
        """Stop it as a deployment does, and start it; return when it is ready."""
        self.program.stop()
        self.program.start()
        self.wait()

    def reload(self) -> None:
        """Let its master replace the workers; return when all are others."""
        before = set(self.program.children())
        self.program.tell(signal.SIGHUP)
        wait_until(
            lambda: before.isdisjoint(self.program.children()), self.program.last_words
        )

    def is_ready(self) -> bool:
        """Tell what a health check would."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == HEALTHY
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
