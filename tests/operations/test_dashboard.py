"""The dashboard and the alerts ask for what the service tells, and for all of it."""

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

from tests.support import Client
from tests.web.figures import BEARER, TOKEN

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
RULES = [rule for group in ALERTS for rule in group["rules"]]
PAGE = (ROOT / "docs/monitoring.md").read_text()
NAME = re.compile(r"\b(?:taskapi_\w+|up)\b")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
OF_PROMETHEUS = {"instance", "job"}
OF_GRAFANA = re.compile(r"\$(\w+)")


ASKED = [t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]]


def queries() -> Iterator[str]:
    """Yield what the dashboard asks."""
    yield from ASKED
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


QUERIES = list(queries())
CONDITIONS = [rule["expr"] for rule in RULES]


@pytest.fixture(scope="module")
def told(make_app: Callable[..., Flask]) -> dict[str, set[str]]:
    """Return the labels of every figure of an app that has answered something."""
    client = Client(make_app(metrics_token=TOKEN))
    client.get("/health/live")
    text = client.get("/metrics", headers=BEARER).text
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


def named(texts: list[str]) -> set[str]:
    return {name for text in texts for name in NAME.findall(text)}


def labels(text: str) -> set[str]:
    """Return the labels that a query selects or groups by."""
    grouped = {word for names in GROUPED.findall(text) for word in names.split(", ")}
    return grouped | set(LABEL.findall(text))


def test_the_dashboard_shows_every_figure_and_no_other(
    told: dict[str, set[str]],
) -> None:
    asked = named(QUERIES)

    assert asked == set(told)


def test_alerts_watch_figures_that_there_are(told: dict[str, set[str]]) -> None:
    watched = named(CONDITIONS)

    assert watched <= set(told) | {"up"}


@pytest.mark.parametrize("query", QUERIES + CONDITIONS)
def test_a_query_uses_labels_of_its_figures(
    told: dict[str, set[str]], query: str
) -> None:
    known = set().union(*(told.get(name, set()) for name in NAME.findall(query)))

    assert labels(query) <= known | OF_PROMETHEUS


@pytest.mark.parametrize("query", ASKED + CONDITIONS)
def test_prometheus_can_read_a_query(query: str) -> None:
    read = promql_parser.parse(query.replace("$__rate_interval", "5m"))

    assert read.prettify()


def test_the_dashboard_defines_the_variables_that_it_uses() -> None:
    text = json.dumps(DASHBOARD).replace("${datasource}", "$datasource")

    used = set(OF_GRAFANA.findall(text))

    own = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert used == own | {"__rate_interval", "__all"}


def test_panels_do_not_cover_each_other() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]

    cells = [
        (x, y)
        for p in places
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]

    assert len(cells) == len(set(cells))
    assert {panel["id"] for panel in DASHBOARD["panels"]} == {*range(1, 10)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "remedy"}


def test_the_documented_scrape_is_of_the_job_that_alerts_watch() -> None:
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", PAGE, re.DOTALL)

    (job,) = yaml.safe_load(block)["scrape_configs"]

    assert f'job="{job["job_name"]}"' in " ".join(CONDITIONS)
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert job["authorization"] == {"credentials_file": "/etc/prometheus/taskapi-token"}
