"""A network between the service and PostgreSQL that can swallow what goes through."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import make_url

CHUNK = 65536


class Relay:
    """Passes everything on to a server until it is told to swallow one direction."""

    def __init__(self, database_url: str) -> None:
        self.behind = make_url(database_url)
        self.server = where(database_url)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.swallows_questions, self.swallows_answers = Event(), Event()
        self.ends: list[socket.socket] = []
        begin(self._let_in)

    @property
    def database_url(self) -> str:
        """Return the address of the database through here."""
        port = int(self.door.getsockname()[1])
        here = self.behind.set(host="127.0.0.1", port=port)
        here = here.difference_update_query(["host", "port"])
        return here.render_as_string(hide_password=False)

    def swallow(self) -> None:
        """Let nothing through any more, and keep every connection."""
        self.swallows_questions.set()
        self.swallows_answers.set()

    def mend(self) -> None:
        """Let new connections through; what was swallowed is lost."""
        self.hang_up()
        self.swallows_questions.clear()
        self.swallows_answers.clear()

    def hang_up(self) -> None:
        """End all connections."""
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends.clear()

    def close(self) -> None:
        """Be gone."""
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        self.hang_up()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                server = socket.socket(self.server[0])
                server.connect(self.server[1])
                self.ends += [client, server]
                begin(self._pass, client, server, self.swallows_questions)
                begin(self._pass, server, client, self.swallows_answers)

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket, swallows: Event) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                if not swallows.is_set():
                    target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


def begin(work: Callable[..., None], *arguments: object) -> None:
    Thread(target=work, args=arguments, daemon=True).start()


def where(database_url: str) -> tuple[int, Any]:
    """Return the family and the address of a server, which may be a file."""
    plain = database_url.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(plain) as connection:
        host, port = connection.info.host, connection.info.port
    if host.startswith("/"):
        return socket.AF_UNIX, f"{host}/.s.PGSQL.{port}"
    return socket.AF_INET, (host, port)
