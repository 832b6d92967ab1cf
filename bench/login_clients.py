"""A process of 32 clients that log in without pause: port, seconds, way."""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.load import LOGIN

PASSWORD = "four words of theirs"  # noqa: S105 - of accounts that nobody else has
CROWD = [{"username": f"visitor-{n}", "password": PASSWORD} for n in range(32)]
SECONDS_TO_GATHER = 1
SECONDS_TO_ANSWER = 60
REFUSED = {429, 503}


@dataclass
class Crowd:
    """Clients with an account each, and the statuses that they were answered."""

    port: int
    until: float
    obeys: bool
    statuses: Counter[str] = field(default_factory=Counter)

    def log_in(self, login: dict[str, str]) -> None:
        """Log in again and again, on one connection while it lasts."""
        connection = self._connection()
        while time.monotonic() < self.until:
            try:
                self._once(connection, login)
            except (OSError, http.client.HTTPException):
                self.statuses["lost"] += 1
                connection.close()
        connection.close()

    def _once(
        self, connection: http.client.HTTPConnection, login: dict[str, str]
    ) -> None:
        kind = {"Content-Type": "application/json"}
        connection.request("POST", LOGIN, json.dumps(login), kind)
        response = connection.getresponse()
        response.read()
        self.statuses[str(response.status)] += 1
        if self.obeys and response.status in REFUSED:
            left = max(0.0, self.until - time.monotonic())
            time.sleep(min(left, float(response.headers.get("Retry-After", 0))))

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER
        )


def main(port: str, seconds: str, way: str) -> None:
    """Let all clients log in; print a line when they do, and what came of it."""
    crowd = Crowd(int(port), time.monotonic() + float(seconds), way == "when told")
    threads = [threading.Thread(target=crowd.log_in, args=(one,)) for one in CROWD]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS_TO_GATHER)
    print("begun", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps(crowd.statuses))


if __name__ == "__main__":
    main(*sys.argv[1:])
