"""The dashboard for Grafana asks for figures that exist, by labels that they have."""

import json
import re

from prometheus_client import REGISTRY

import emotion.metrics
import lms.metrics.requests  # noqa: F401  (registers what it counts)
from tests.services import ROOT

DASHBOARD = json.loads((ROOT / "deploy/grafana/attune.json").read_text())
COLLECTED_AT_A_READ = {"attune_queue_depth", "attune_broker_up", "attune_workers_alive"}
OF_WORKERS = {"attune_worker_info", "attune_frames_waiting", "attune_pace_seconds", "attune_gpu_memory_bytes"}


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_figure_exists():
    assert emotion.metrics.BATCH_SIZE
    known = set(REGISTRY._names_to_collectors) | COLLECTED_AT_A_READ | OF_WORKERS
    asked = {name for expression in expressions() for name in re.findall(r"\b(?:attune|process)_\w+", expression)}
    assert asked - known == set()
    assert len(asked) >= 12


def test_every_panel_says_what_it_shows():
    assert [panel["title"] for panel in DASHBOARD["panels"] if not panel["description"].endswith(".")] == []
