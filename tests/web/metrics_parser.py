"""Parsing of `/metrics` by the Prometheus client."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

TOKEN = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Metrics = dict[tuple[str, frozenset[str]], float]


def parse_metrics(text: str) -> Metrics:
    """Return the value of each metric by its name and the values of its labels."""
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape_metrics(client: Any) -> Metrics:
    """Return the metrics that a client receives with the token."""
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200, response.text
    return parse_metrics(response.text)


def increase(after: Metrics, before: Metrics, name: str, *labels: str) -> float:
    """Return the increase of a metric."""
    key = f"taskapi_{name}", frozenset(labels)
    return after.get(key, 0) - before.get(key, 0)
