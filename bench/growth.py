"""Growth: what one client waits for, in a small account and in a very large one."""

import http.client
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.data import EMPTY_STATUS, NOBODY_HAS, RARE, Account, Dataset
from bench.load import TASKS, Request
from bench.servers import SPECS, Server, exchange
from bench.throughput import Plan, warm

TURNS = 60
REQUESTS = 15
FEW, PATIENCE_MS = 4, 5_000
"""How often is enough where all together would take more than this."""

WALK = 100
CASES = {
    "filter that matches": "status=todo",
    "filter without a match": f"status={EMPTY_STATUS}",
    "search for one task": "q={last}",
    "search without a match": f"q={NOBODY_HAS}",
    "search with many hits": f"q={RARE}",
    "search that all tasks match": "q=number",
    "page 1 with the total": "include_total=true",
}


def run(dataset: Dataset, _: Plan) -> dict[str, Any]:
    """Return the milliseconds of each case: median and longest."""
    with Server(SPECS["taskapi"], dataset.database) as server:
        lists = [Request("GET", TASKS)]
        warm(server, lists, dataset.usual.token)
        warm(server, lists, dataset.largest.token)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        small, first, deep = _pages(connection, dataset)
        large = {"page 1": first, **_cases(connection, dataset.largest)}
        connection.close()
    return {
        str(dataset.usual.size): {"page 1": small},
        str(dataset.largest.size): large | {"deep cursor": deep},
    }


def _pages(
    connection: http.client.HTTPConnection, dataset: Dataset
) -> list[dict[str, float]]:
    """Ask for pages in turn, so that what disturbs one disturbs the others too."""
    deep = f"cursor={_deep(connection, dataset.largest)}"
    cases = [(dataset.usual, ""), (dataset.largest, ""), (dataset.largest, deep)]
    turns = [[_took(connection, *case) for case in cases] for _ in range(TURNS)]
    return [_figures(times) for times in zip(*turns, strict=True)]


def _cases(connection: http.client.HTTPConnection, account: Account) -> dict[str, Any]:
    return {
        name: _timed(connection, account, query.format(last=account.size))
        for name, query in CASES.items()
    }


def _deep(connection: http.client.HTTPConnection, account: Account) -> str:
    """Walk through half of the account, and return the cursor there."""
    page = _get(connection, account, f"limit={WALK}")
    for _ in range(account.size // WALK // 2):
        page = _get(connection, account, f"limit={WALK}&cursor={page['next_cursor']}")
    return str(page["next_cursor"])


def _timed(
    connection: http.client.HTTPConnection, account: Account, query: str
) -> dict[str, float]:
    times: list[float] = []
    while len(times) < (REQUESTS if sum(times) < PATIENCE_MS else FEW):
        times.append(_took(connection, account, query))
    return _figures(times[1:])


def _figures(times: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(times), "max": max(times)}


def _took(
    connection: http.client.HTTPConnection, account: Account, query: str
) -> float:
    begun = time.perf_counter()
    _get(connection, account, query)
    return (time.perf_counter() - begun) * 1000


def _get(connection: http.client.HTTPConnection, account: Account, query: str) -> Any:
    status, page = exchange(connection, "GET", f"{TASKS}?{query}", token=account.token)
    if status != http.HTTPStatus.OK:
        raise RuntimeError(f"the list answers {status} to {query}")
    return page
