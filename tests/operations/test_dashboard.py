"""The Grafana dashboard and the alerts use the metrics of the service."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers.client import Client
from tests.web.metrics_parser import BEARER, TOKEN

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
RULES = [rule for group in ALERTS for rule in group["rules"]]
PAGE = (ROOT / "docs/monitoring.md").read_text()
NAME = re.compile(r"\b(?:taskapi_\w+|up)\b")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
PROMETHEUS_LABELS = {"instance", "job"}
VARIABLE = re.compile(r"\$(\w+)")


PANEL_QUERIES = [t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]]


def queries() -> Iterator[str]:
    """Yield the queries of panels and of variables."""
    yield from PANEL_QUERIES
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


QUERIES = list(queries())
CONDITIONS = [rule["expr"] for rule in RULES]


@pytest.fixture(scope="module")
def metrics(make_app: Callable[..., Flask]) -> dict[str, set[str]]:
    """Return the labels of each metric of an app that has served a request."""
    client = Client(make_app(metrics_token=TOKEN))
    client.get("/health/live")
    text = client.get("/metrics", headers=BEARER).text
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


def metric_names(texts: list[str]) -> set[str]:
    return {name for text in texts for name in NAME.findall(text)}


def labels(text: str) -> set[str]:
    """Return the labels that a query selects or groups by."""
    grouped = {word for names in GROUPING.findall(text) for word in names.split(", ")}
    return grouped | set(LABEL.findall(text))


def test_dashboard_shows_all_metrics(
    metrics: dict[str, set[str]],
) -> None:
    queried = metric_names(QUERIES)

    assert queried == set(metrics)


def test_alerts_use_existing_metrics(metrics: dict[str, set[str]]) -> None:
    watched = metric_names(CONDITIONS)

    assert watched <= set(metrics) | {"up"}


@pytest.mark.parametrize("query", QUERIES + CONDITIONS)
def test_queries_use_labels_of_their_metrics(
    metrics: dict[str, set[str]], query: str
) -> None:
    known = set().union(*(metrics.get(name, set()) for name in NAME.findall(query)))

    assert labels(query) <= known | PROMETHEUS_LABELS


@pytest.mark.parametrize("query", PANEL_QUERIES + CONDITIONS)
def test_queries_are_valid(query: str) -> None:
    read = promql_parser.parse(query.replace("$__rate_interval", "5m"))

    assert read.prettify()


def test_dashboard_defines_the_variables_that_it_uses() -> None:
    text = json.dumps(DASHBOARD).replace("${datasource}", "$datasource")

    used = set(VARIABLE.findall(text))

    own = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert used == own | {"__rate_interval", "__all"}


def test_panels_do_not_overlap() -> None:
    positions = [panel["gridPos"] for panel in DASHBOARD["panels"]]

    cells = [
        (x, y)
        for p in positions
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]

    assert len(cells) == len(set(cells))
    assert {panel["id"] for panel in DASHBOARD["panels"]} == {*range(1, 10)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alerts_have_a_severity_and_a_remedy(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "remedy"}


def test_documented_scrape_job_is_that_of_the_alerts() -> None:
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", PAGE, re.DOTALL)

    (job,) = yaml.safe_load(block)["scrape_configs"]

    assert f'job="{job["job_name"]}"' in " ".join(CONDITIONS)
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert job["authorization"] == {"credentials_file": "/etc/prometheus/taskapi-token"}
