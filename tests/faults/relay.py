"""A TCP proxy between the service and PostgreSQL that can discard data."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import make_url

CHUNK = 65536


class Relay:
    """Forwards connections to a server; can discard the data of each direction."""

    def __init__(self, database_url: str) -> None:
        self.upstream = make_url(database_url)
        self.server = server_address(database_url)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.discards_requests, self.discards_responses = Event(), Event()
        self.sockets: list[socket.socket] = []
        begin(self._accept)

    @property
    def database_url(self) -> str:
        """Return the URL of the database through the proxy."""
        port = int(self.listener.getsockname()[1])
        url = self.upstream.set(host="127.0.0.1", port=port)
        url = url.difference_update_query(["host", "port"])
        return url.render_as_string(hide_password=False)

    def discard(self) -> None:
        """Discard all data, and keep the connections open."""
        self.discards_requests.set()
        self.discards_responses.set()

    def restore(self) -> None:
        """Forward new connections; close the others, whose data is lost."""
        self.close_connections()
        self.discards_requests.clear()
        self.discards_responses.clear()

    def close_connections(self) -> None:
        """Close all connections."""
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.sockets.clear()

    def close(self) -> None:
        """Stop listening, and close all connections."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.close_connections()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(self.server[0])
                server.connect(self.server[1])
                self.sockets += [client, server]
                begin(self._forward, client, server, self.discards_requests)
                begin(self._forward, server, client, self.discards_responses)

    @staticmethod
    def _forward(source: socket.socket, target: socket.socket, discards: Event) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                if not discards.is_set():
                    target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


def begin(function: Callable[..., None], *arguments: object) -> None:
    Thread(target=function, args=arguments, daemon=True).start()


def server_address(database_url: str) -> tuple[int, Any]:
    """Return the family and the address of a server, which may be a Unix socket."""
    libpq_url = database_url.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(libpq_url) as connection:
        host, port = connection.info.host, connection.info.port
    if host.startswith("/"):
        return socket.AF_UNIX, f"{host}/.s.PGSQL.{port}"
    return socket.AF_INET, (host, port)
