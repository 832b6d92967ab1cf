"""Instances of taskapi, served by gunicorn with the shipped configuration."""

import http.client
import signal
from dataclasses import fields
from pathlib import Path

from config import Settings
from tests.helpers.programs import Program, environment_program, free_port, wait_until

SETTINGS = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS",  # of tests only
    "TRUSTED_PROXIES": "1",
    "BCRYPT_ROUNDS": "4",
    "WEB_CONCURRENCY": "1",
    "THREADS": "8",
    "MAX_REQUESTS_IN_PROGRESS": "8",
    "RATELIMIT_PER_MINUTE": "1000000",
    "RATELIMIT_AUTH_PER_MINUTE": "1000000",
}


def environment(**settings: str) -> dict[str, str]:
    """Return a variable for each setting, so that no `.env` file has an effect."""
    defaults = {one.name.upper(): one.default for one in fields(Settings)}
    texts = {n: "" if value == () else str(value) for n, value in defaults.items()}
    return texts | SETTINGS | settings


def run_command(folder: Path, database_url: str, *arguments: str) -> None:
    """Run a `flask` command on a database; raises RuntimeError with its output."""
    program = Program(
        arguments[0],
        [environment_program("flask"), *arguments],
        folder,
        variables=environment(DATABASE_URL=database_url),
    )
    if program.process.wait():
        raise RuntimeError(program.log.read_text())


class Instance:
    """One gunicorn on a port of its own."""

    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        self.port = free_port()
        command = [environment_program("gunicorn"), "wsgi:app"]
        variables = environment(PORT=str(self.port), **settings)
        self.program = Program(name, command, folder, variables=variables)
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
        """Replace its workers; return when none of the old ones is left."""
        before = set(self.program.children())
        self.program.send_signal(signal.SIGHUP)
        wait_until(
            lambda: before.isdisjoint(self.program.children()), self.program.last_output
        )

    def is_ready(self) -> bool:
        """Return whether the health check succeeds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
