"""Latency of lists for one client, in a small account and in a large one."""

import http.client
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench import data
from bench.dataset import Account, Dataset
from bench.load import TASKS, Request
from bench.servers import SPECS, Server, exchange
from bench.throughput import Plan, warm_up

PAGE_REPETITIONS = 60
REPETITIONS = 15
SLOW_REPETITIONS, SLOW_MS = 4, 5_000
"""Requests that take more than SLOW_MS in total are repeated less often."""

WALK_LIMIT = 100
FILTERS = {
    "filter that matches": "status=todo",
    "filter without a match": f"status={data.UNUSED_STATUS}",
    "search for one task": "q={last}",
    "search without a match": f"q={data.MISSING_TERM}",
    "search with many matches": f"q={data.RARE_TERM}",
    "search that all tasks match": "q=number",
    "page 1 with the total": "include_total=true",
}


def run(dataset: Dataset, _: Plan) -> dict[str, Any]:
    """Return median and maximum in milliseconds, by size of the account and case."""
    with Server(SPECS["taskapi"], dataset.database) as server:
        requests = [Request("GET", TASKS)]
        warm_up(server, requests, dataset.main.token)
        warm_up(server, requests, dataset.largest.token)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        small, first, deep = _measure_pages(connection, dataset)
        large = {
            name: _measure(connection, dataset.largest, query)
            for name, query in FILTERS.items()
        }
        connection.close()
    return {
        str(dataset.main.size): {"page 1": small},
        str(dataset.largest.size): {"page 1": first, "deep cursor": deep} | large,
    }


def _measure_pages(
    connection: http.client.HTTPConnection, dataset: Dataset
) -> list[dict[str, float]]:
    """Request the pages alternately, so that disturbances affect all of them."""
    deep = f"cursor={_deep_cursor(connection, dataset.largest)}"
    pages = [(dataset.main, ""), (dataset.largest, ""), (dataset.largest, deep)]
    rows = [
        [milliseconds(connection, page.token, query) for page, query in pages]
        for _ in range(PAGE_REPETITIONS)
    ]
    return [summary(times) for times in zip(*rows, strict=True)]


def _deep_cursor(connection: http.client.HTTPConnection, account: Account) -> str:
    """Read the first half of the account, and return the cursor at its end."""
    page = get_page(connection, account.token, f"limit={WALK_LIMIT}")
    for _ in range(account.size // WALK_LIMIT // 2):
        query = f"limit={WALK_LIMIT}&cursor={page['next_cursor']}"
        page = get_page(connection, account.token, query)
    return str(page["next_cursor"])


def _measure(
    connection: http.client.HTTPConnection, account: Account, query: str
) -> dict[str, float]:
    query = query.format(last=account.size)
    times: list[float] = []
    while len(times) < (REPETITIONS if sum(times) < SLOW_MS else SLOW_REPETITIONS):
        times.append(milliseconds(connection, account.token, query))
    return summary(times[1:])


def summary(times: Sequence[float]) -> dict[str, float]:
    """Return median and maximum."""
    return {"median": statistics.median(times), "max": max(times)}


def milliseconds(
    connection: http.client.HTTPConnection, token: str, query: str
) -> float:
    """Return the latency of a list."""
    start = time.perf_counter()
    get_page(connection, token, query)
    return (time.perf_counter() - start) * 1000


def get_page(connection: http.client.HTTPConnection, token: str, query: str) -> Any:
    """Return a page of tasks."""
    status, page = exchange(connection, "GET", f"{TASKS}?{query}", token=token)
    if status != http.HTTPStatus.OK:
        raise RuntimeError(f"the list returned {status} for {query}")
    return page
