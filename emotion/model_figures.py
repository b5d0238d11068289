"""What a model's manifest, evaluation and card say, for people who have to choose one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from courses.charts.chart import Bars, Chart, Series
from courses.markdown import render
from emotion.core.manifest import ONNX_REPORT, CheckpointError, Manifest, onnx_files, read_manifest
from emotion.models import ModelVersion
from emotion.registry import checkpoint_folder

CARD = "MODEL_CARD.md"
LARGEST_CARD = 100_000  # bytes; what is longer was not written by training/report.py


@dataclass(frozen=True)
class FigureRow:
    """One evaluation: of a split's faces, by one kind of label. `matrix` is faces by (true, said) expression."""

    split: str
    labels: str
    figures: dict[str, Any]
    accuracy: str
    interval: str
    balanced: str
    recalls: list[dict[str, str]]
    matrix: list[dict[str, Any]]


def figure_rows(metrics: dict[str, Any]) -> list[FigureRow]:
    """The evaluations in a manifest's or a run's figures; whatever else lies in them is passed over."""
    return [
        FigureRow(
            split,
            labels,
            report,
            accuracy=_percent(report.get("accuracy")),
            interval=" - ".join(_percent(end) for end in report.get("accuracy_interval_95", [])),
            balanced=_percent(report.get("balanced_accuracy")),
            recalls=[
                {"name": _(name), "share": f"{share or 0:.3f}", "text": _percent(share, 0)}
                for name, share in report.get("per_class_recall", {}).items()
            ],
            matrix=_matrix(report),
        )
        for split, labels, report in _reports(metrics)
    ]


def _percent(share: float | None, digits: int = 1) -> str:
    return _("no faces") if share is None else f"{share:.{digits}%}"


def in_short(metrics: dict[str, Any], figure: str) -> str:
    """One figure of all evaluations, for a cell of a list: "fer2013 68.9%, ferplus 83.7%"."""
    parts = []
    for _split, labels, report in _reports(metrics):
        value = report.get(figure)
        if isinstance(value, int | float):
            parts.append(f"{labels} {value:.3f}" if figure == "macro_f1" else f"{labels} {value:.1%}")
    return ", ".join(parts) or "-"


def _reports(metrics: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for split, by_labels in metrics.items():
        if not isinstance(by_labels, dict):
            continue  # such as the epoch they were taken at
        for labels, report in by_labels.items():
            if isinstance(report, dict) and "accuracy" in report:
                yield split, labels, report


def _matrix(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows with the share of each cell in its row, by which it is shaded."""
    names, rows = list(report.get("per_class_recall", {})), report.get("confusion_matrix", [])
    return [
        {"name": _(name), "cells": [{"faces": n, "share": f"{n / (sum(row) or 1):.3f}"} for n in row]}
        for name, row in zip(names, rows, strict=False)
    ]


def describe_checkpoint(version: ModelVersion) -> dict[str, Any]:
    """What lies in the model's folder now; only `trouble` where it is not there or not what was registered."""
    try:
        folder = checkpoint_folder(version.name)
        manifest = read_manifest(folder)
    except CheckpointError as error:
        return {"trouble": str(error)}
    card = folder / CARD
    readable = card.is_file() and card.stat().st_size <= LARGEST_CARD
    return {
        "manifest": manifest,
        "changed": manifest.weights_sha256 != version.weights_sha256,
        "onnx": [path.name for path in onnx_files(folder, manifest)],
        "milliseconds": _milliseconds(folder / ONNX_REPORT, manifest),
        "card": render(card.read_text(errors="replace")) if readable else "",
    }


def _milliseconds(path: Path, manifest: Manifest) -> dict[str, float]:
    """Of a face, by what computes it, on the machine that exported the model."""
    try:
        report = json.loads(path.read_text())
        same = report["weights_sha256"] == manifest.weights_sha256
        each = report["ms_per_face"] if same else {}
        return {name: float(each[name]) for name in ("torch", "onnx", "int8") if name in each}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def figures_chart(name: str, of: str, metrics: dict[str, Any]) -> Chart | None:
    """Recall by expression, with what was taken for what in the table; None without an evaluation that has it."""
    reports = [(split, labels, report) for split, labels, report in _reports(metrics) if report.get("per_class_recall")]
    if not reports:
        return None
    read_as = list(dict.fromkeys(each for *_of, report in reports for each in report["per_class_recall"]))
    rows: list[list[object]] = []
    panels = []
    for split, labels, report in reports:
        recalls = {each: None if share is None else 100 * share for each, share in report["per_class_recall"].items()}
        title = f"{split}, {labels}"
        bars = [(_(each), [recall]) for each, recall in recalls.items()]
        panels.append(Bars([Series(_("Recall"), "primary")], bars, title=title))
        matrix = dict(zip(recalls, report.get("confusion_matrix", []), strict=False))
        for each, recall in recalls.items():
            faces = dict(zip(recalls, matrix.get(each, []), strict=False))
            rows.append([split, labels, _(each), recall, *(faces.get(other) for other in read_as)])
    return Chart(
        name=name,
        title=_("Recall by expression: %(name)s") % {"name": of},
        about=_("On faces it was not trained on."),
        header=["split", "labels", _("labelled"), _("Recall, %"), *(f"{_('read as')} {_(each)}" for each in read_as)],
        rows=rows,
        panels=panels,
    )
