"""Process with 32 clients that log in again and again: port, seconds, retry mode."""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.data import BURST_LOGINS
from bench.load import LOGIN

SECONDS_TO_START = 1
TIMEOUT_SECONDS = 60
REJECTED = {429, 503}


@dataclass
class LoginClients:
    """Clients with an account each, and the statuses that they received."""

    port: int
    end: float
    honors_retry_after: bool
    statuses: Counter[str] = field(default_factory=Counter)

    def log_in_repeatedly(self, login: dict[str, str]) -> None:
        """Log in until the end, on one connection while it lasts."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=TIMEOUT_SECONDS
        )
        while time.monotonic() < self.end:
            try:
                self._log_in(connection, login)
            except (OSError, http.client.HTTPException):
                self.statuses["connection error"] += 1
                connection.close()
        connection.close()

    def _log_in(
        self, connection: http.client.HTTPConnection, login: dict[str, str]
    ) -> None:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", LOGIN, json.dumps(login), headers)
        response = connection.getresponse()
        response.read()
        self.statuses[str(response.status)] += 1
        if self.honors_retry_after and response.status in REJECTED:
            remaining = max(0.0, self.end - time.monotonic())
            time.sleep(min(remaining, float(response.headers.get("Retry-After", 0))))


def main(port: str, seconds: str, mode: str) -> None:
    """Start all clients, print a line, and print the statuses at the end."""
    end = time.monotonic() + float(seconds)
    clients = LoginClients(int(port), end, mode == "retry_after")
    threads = [
        threading.Thread(target=clients.log_in_repeatedly, args=(login,))
        for login in BURST_LOGINS
    ]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS_TO_START)
    print("started", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps(clients.statuses))


if __name__ == "__main__":
    main(*sys.argv[1:])
