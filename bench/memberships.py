"""Latency of lists for one client, over one project and over many."""

import http.client
from typing import Any

from bench import data
from bench.dataset import Dataset, log_in_member
from bench.growth import PAGE_REPETITIONS, get_page, milliseconds, summary
from bench.load import TASKS, Request
from bench.servers import SPECS, Server
from bench.throughput import Plan, warm_up

LISTS = {
    "page 1": "",
    "by title": "sort=title",
    "by due date": "sort=due_date",
    "of an assignee": "assignee_id=me",
    "with a tag": "tag=rare",
    "search for one word": f"q={data.RARE_TERM}",
    "with the total": "include_total=true",
}
MAX_OFFSET = 9_999


def run(dataset: Dataset, _: Plan) -> dict[str, Any]:
    """Return median and maximum in milliseconds, by list and number of projects."""
    with Server(SPECS["taskapi"], dataset.database) as server:
        tokens = {number: log_in_member(server, number) for number in data.MEMBERSHIPS}
        for token in tokens.values():
            warm_up(server, [Request("GET", TASKS)], token)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        queries = {name: dict.fromkeys(tokens, query) for name, query in LISTS.items()}
        queries["deep cursor"] = {
            number: f"cursor={_deep_cursor(connection, token)}"
            for number, token in tokens.items()
        }
        measured = {
            name: _measure(connection, tokens, by_number)
            for name, by_number in queries.items()
        }
        connection.close()
    return measured


def _measure(
    connection: http.client.HTTPConnection,
    tokens: dict[int, str],
    queries: dict[int, str],
) -> dict[str, dict[str, float]]:
    """Request the list of each account alternately, which spreads disturbances."""
    rounds = [
        [milliseconds(connection, token, queries[n]) for n, token in tokens.items()]
        for _ in range(PAGE_REPETITIONS)
    ]
    times = zip(*rounds, strict=True)
    return {str(n): summary(t) for n, t in zip(tokens, times, strict=True)}


def _deep_cursor(connection: http.client.HTTPConnection, token: str) -> str:
    """Return a cursor in the middle of a list, or at the largest offset."""
    total = get_page(connection, token, "limit=1&include_total=true")["total"]
    offset = min(total // 2, MAX_OFFSET)
    page = get_page(connection, token, f"limit=1&offset={offset}")
    return str(page["next_cursor"])
