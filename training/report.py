"""What a run leaves in its folder besides weights: its environment, pictures, and a model card."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from emotion.core.calibration import softmax
from emotion.core.manifest import Manifest, write_atomically
from training.evaluate import Scored
from training.plots import plot_confusion, plot_curves, plot_reliability

PACKAGES = ("torch", "torchvision", "numpy", "opencv-python-headless", "scikit-learn")


def describe_environment(root: Path) -> dict[str, Any]:
    """Versions, processor, threads and the git commit: what a result depends on besides its configuration."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in PACKAGES},
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "git": _git_commit(root),
    }


def write_report(
    folder: Path,
    manifest: Manifest,
    history: list[dict[str, Any]],
    scored: dict[str, Scored],
    reports: dict[str, dict[str, Any]],
) -> None:
    """Curves, a confusion matrix and a reliability diagram per head, and MODEL_CARD.md, beside each other."""
    if history:
        plot_curves(history, folder / "curves.png")
    for labels, rows in scored.items():
        plot_confusion(reports[labels]["confusion_matrix"], rows.classes, folder / f"confusion-{labels}.png")
        probabilities = softmax(rows.logits, reports[labels]["temperature"])
        plot_reliability(probabilities, rows.labels, folder / f"reliability-{labels}.png")
    write_atomically(folder / "MODEL_CARD.md", model_card(manifest, reports).encode())


def model_card(manifest: Manifest, reports: dict[str, dict[str, Any]]) -> str:
    """A model card (Mitchell et al. 2019) from figures; what no figure says is said in words."""
    spec = manifest.input
    lines = [
        f"# Model card: {manifest.name}",
        "",
        f"A `{manifest.architecture}` network for {spec.size}x{spec.size} px"
        f" {'grey' if spec.channels == 1 else 'colour'} faces. {manifest.trained_on} The epoch was chosen on the"
        " validation rows below; temperatures were fitted on training rows that were held out.",
        "",
        "| labels | faces | accuracy (95 %) | balanced | macro F1 | ROC-AUC | NLL | ECE before, after scaling |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for labels, report in reports.items():
        low, high = report["accuracy_interval_95"]
        lines.append(
            f"| {labels} | {report['n']:,} | {report['accuracy']:.1%} ({low:.1%} to {high:.1%}) |"
            f" {report['balanced_accuracy']:.1%} | {report['macro_f1']:.3f} | {_figure(report['roc_auc'])} |"
            f" {report['nll']:.3f} | {report['ece_uncalibrated']:.3f}, {report['ece']:.3f} |"
        )
    lines += ["", "## Recall per class", ""]
    for labels, report in reports.items():
        shares = (
            f"{name} {'no rows' if recall is None else f'{recall:.0%}'}"
            for name, recall in report["per_class_recall"].items()
        )
        lines.append(f"- {labels}: {', '.join(shares)}")
    lines += [
        "",
        "## Use",
        "",
        "To give students a history of their own and to find where material confuses a class, with consent. Never to"
        " grade, rank or judge a person: facial expressions are weak evidence of feelings (Barrett et al. 2019).",
        "",
        "## Known limits",
        "",
        "Labels of posed and found pictures are noisy, and rare classes are learned badly: see the recalls. Poor light,"
        " glasses, a turned head, covered or small faces mislead it. The data name no demographic groups, so nothing"
        " can be said about fairness between them.",
        "",
    ]
    return "\n".join(lines)


def write_environment(folder: Path, root: Path) -> None:
    content = json.dumps(describe_environment(root), indent=2) + "\n"
    write_atomically(folder / "environment.json", content.encode())


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit(root: Path) -> str | None:
    """The commit, with "+changes" when the tree differs from it; None outside a checkout."""
    try:
        ask = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **ask).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain"], **ask).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if changed else commit
