"""Parsing of `/metrics` by the Prometheus client."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

TOKEN = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Figures = dict[tuple[str, frozenset[str]], float]


def figures(text: str) -> Figures:
    """Return each figure by its name and the values of its labels."""
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: Any) -> Figures:
    """Return the figures that a client gets with the token."""
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200, response.text
    return figures(response.text)


def rise(after: Figures, before: Figures, name: str, *labels: str) -> float:
    """Return by how much a figure has risen."""
    key = f"taskapi_{name}", frozenset(labels)
    return after.get(key, 0) - before.get(key, 0)
