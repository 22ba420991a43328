"""The dashboard, the alert rules and the guides name metrics, labels and alerts that really exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.health import Health, StoreHealth
from bucketry_http.telemetry.management import ManagementApp
from bucketry_http.telemetry.metrics import Metrics
from bucketry_http.telemetry.quotas import QuotaCollector
from bucketry_http.telemetry.usage import UsageCollector
from prometheus_client import CollectorRegistry, Metric

from tests.http.s3.serving import memory_store

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/bucketry.json").read_text())
RULES = yaml.safe_load((ROOT / "deploy/prometheus/bucketry-alerts.yaml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
MONITORING = (ROOT / "docs/monitoring.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()

NAME = re.compile(r"\bbucketry_[a-z_]+")
SELECTOR = re.compile(r"(bucketry_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|without) \(([^)]*)\)")
OF_PROMETHEUS = frozenset({"job", "instance", "le"})


def existing() -> dict[str, tuple[str, frozenset[str]]]:
    """Kind and labels of all metrics, by the names that queries use. They come from the objects that serve them."""
    registry = CollectorRegistry()
    metrics = Metrics("memory", registry=registry)
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for value in vars(metrics).values():
        if hasattr(value, "_labelnames"):
            name = value._name + ("_total" if value._type == "counter" else "")
            found[name] = (value._type, frozenset(value._labelnames))
    with memory_store() as store:
        others = CollectorRegistry()
        app = ManagementApp(others, StoreCalls(store, call_threads=1, transfer_threads=1))
        app._about.health = Health(ready=True, stores=(StoreHealth("memory", ready=True),))
        usage = UsageCollector(store, 1.0)
        families: list[Metric] = [*app._about.collect(), *usage.describe(), *QuotaCollector([]).describe()]
    for family in families:
        found[family.name] = (family.type, frozenset(family._labelnames))  # type: ignore[attr-defined]
    return found


EXISTING = existing()


def base(name: str) -> str:
    """The metric that a series belongs to."""
    for ending in ("_bucket", "_sum", "_count"):
        known = name.removesuffix(ending)
        if name.endswith(ending) and EXISTING.get(known, ("", ""))[0] == "histogram":
            return known
    return name


def panels() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        if panel["type"] != "row":
            yield panel


EXPRESSIONS = [
    *[(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]],
    *[(rule["alert"], rule["expr"]) for rule in ALERTS],
]


def test_there_are_metrics_to_compare_with() -> None:
    assert len(EXISTING) >= 20
    assert EXISTING["bucketry_requests_total"] == (
        "counter",
        frozenset({"port", "operation", "driver", "outcome"}),
    )
    assert {kind for kind, _ in EXISTING.values()} == {"counter", "gauge", "histogram"}
    assert len(EXPRESSIONS) > 30


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS)
def test_an_expression_names_what_exists(place: str, expression: str) -> None:
    names = set(NAME.findall(expression))
    assert names, place
    for name in names:
        assert base(name) in EXISTING, (place, name)
        if EXISTING[base(name)][0] == "histogram":
            assert name.endswith(("_bucket", "_sum", "_count")), (place, name)
    known = frozenset().union(*(EXISTING[base(name)][1] for name in names)) | OF_PROMETHEUS
    for name, matchers in SELECTOR.findall(expression):
        for label in re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", matchers):
            assert label in EXISTING[base(name)][1] | OF_PROMETHEUS, (place, name, label)
    for labels in GROUPING.findall(expression):
        assert set(re.findall("[a-z_]+", labels)) <= known, (place, labels)
    assert expression.count("(") == expression.count(")")
    for counter in (name for name in names if EXISTING[base(name)][0] in {"counter", "histogram"}):
        assert re.search(rf"(rate|increase)\({counter}[{{\[]", expression), (place, counter)


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {base(name) for panel in panels() for target in panel["targets"] for name in NAME.findall(target["expr"])}
    assert shown == set(EXISTING)


def test_legends_name_labels_that_are_there() -> None:
    for panel in panels():
        for target in panel["targets"]:
            labels = {label for labels in GROUPING.findall(target["expr"]) for label in re.findall("[a-z_]+", labels)}
            assert set(re.findall(r"{{([a-z_]+)}}", target["legendFormat"])) <= labels, panel["title"]


def test_the_dashboard_can_be_loaded() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    text = json.dumps(DASHBOARD)
    assert set(re.findall(r"\$\{?([a-z]+)", text)) == variables
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(places) == len(set(places))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in DASHBOARD["panels"])
    assert all(panel["description"] for panel in panels())


def test_every_alert_has_a_paragraph_in_the_guide() -> None:
    section = OPERATIONS.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    named = re.findall(r"^### (\S+)$", section, re.M)
    assert named == [rule["alert"] for rule in ALERTS]
    paragraphs = re.split(r"^### \S+$", section, flags=re.M)[1:]
    assert all(len(paragraph.split()) > 20 for paragraph in paragraphs)
    for name in NAME.findall(section):
        assert base(name) in EXISTING, name


def test_alerts_are_complete() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        grouped = {label for labels in GROUPING.findall(rule["expr"]) for label in re.findall("[a-z_]+", labels)}
        assert set(re.findall(r"\$labels\.([a-z_]+)", rule["annotations"]["summary"])) <= grouped, rule["alert"]


def test_the_table_of_metrics_is_complete() -> None:
    rows = re.findall(r"^\| `(bucketry_[a-z_]+)` \| (\w+) \| ([^|]*)\|", MONITORING, re.M)
    table = {name: (kind, frozenset(re.findall("`([a-z_]+)`", labels))) for name, kind, labels in rows}
    assert table == EXISTING
    assert len(rows) == len(table)
