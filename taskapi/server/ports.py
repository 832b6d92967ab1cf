"""Check of the address of a server before it starts."""

import os
import socket
import sys

IN_USE = """taskapi: cannot listen on port {port} ({reason}). \
Stop the program that uses it, or choose another port: PORT={other} {command}"""


def check_free(host: str, port: int, command: str = "make run") -> None:
    """End the process with one sentence if another program listens on the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        other = port + 1
        sys.exit(IN_USE.format(port=port, reason=reason, other=other, command=command))
