"""Asks a port whether its server lives, until its input ends; tells the seconds.

A process of its own: among the threads of clients it would measure how they run.
"""

import json
import select
import socket
import sys
import time

SECONDS_BETWEEN = 0.02
SECONDS_TO_RESPOND = 40
QUESTION = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
GOOD = b"HTTP/1.1 200 "


def ask(port: int) -> float:
    """Return after how many seconds it said so, on a connection of its own."""
    began = time.monotonic()
    with socket.create_connection(
        ("127.0.0.1", port), SECONDS_TO_RESPOND
    ) as connection:
        connection.sendall(QUESTION)
        response = connection.recv(len(GOOD), socket.MSG_WAITALL)
    return time.monotonic() - began if response == GOOD else float("inf")


def main(port: int) -> None:
    seconds = [ask(port)]
    while not select.select([sys.stdin], [], [], SECONDS_BETWEEN)[0]:
        seconds.append(ask(port))
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
