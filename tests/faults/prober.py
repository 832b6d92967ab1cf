"""Liveness probes of a server until standard input closes; prints their durations.

A separate process: with the threads of clients it would measure their scheduling.
"""

import json
import select
import socket
import sys
import time

SECONDS_BETWEEN = 0.02
SECONDS_TO_RESPOND = 40
REQUEST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 "


def probe(port: int) -> float:
    """Return the seconds of a probe on a new connection; infinite if it fails."""
    start = time.monotonic()
    with socket.create_connection(
        ("127.0.0.1", port), SECONDS_TO_RESPOND
    ) as connection:
        connection.sendall(REQUEST)
        response = connection.recv(len(OK), socket.MSG_WAITALL)
    return time.monotonic() - start if response == OK else float("inf")


def main(port: int) -> None:
    seconds = [probe(port)]
    while not select.select([sys.stdin], [], [], SECONDS_BETWEEN)[0]:
        seconds.append(probe(port))
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
