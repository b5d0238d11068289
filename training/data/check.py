"""What `prepare_fer` says of a set: how many faces of what, what could not be read, and what is there twice."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from emotion.core.labels import EXPRESSIONS
from training.config import DataConfig
from training.data import ferplus
from training.data.cache import Faces
from training.data.duplicates import find_duplicates
from training.data.images import Progress
from training.data.load import open_faces

EXAMPLES = 10


def check_dataset(
    data: DataConfig, root: Path, *, size: int, channels: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Read the set, cache it and look for duplicates. Raises DataError with one sentence."""
    source, faces = open_faces(data, root, size=size, channels=channels, progress=progress)
    splits = faces.report["splits"]
    return {
        "set": data.set,
        "source": str(source),
        "layout": faces.report["layout"],
        "faces": len(faces.pixels),
        "splits": {name: _class_counts(faces, faces.columns["splits"] == number) for number, name in enumerate(splits)},
        "ferplus_rows_kept": _votes_kept(source, faces) if data.ferplus else {},
        "dropped_labels": faces.report["dropped"],
        "skipped": faces.report["skipped"],
        "skipped_first": faces.report["skipped_first"],
        "notes": faces.report.get("notes", []),
        "duplicates": _duplicates(faces),
        "cache": str(faces.folder) if faces.folder else None,
    }


def describe(report: dict[str, Any]) -> list[str]:
    """The report as lines for a person."""
    lines = [f"{report['set']} ({report['layout']}) at {report['source']}: {report['faces']} faces"]
    names = [name for name in EXPRESSIONS if any(counts[name] for counts in report["splits"].values())]
    width = max([10, *map(len, report["splits"])])
    lines.append(f"  {'':<{width}} {'all':>8}" + "".join(f"{name:>10}" for name in names))
    for split, counts in report["splits"].items():
        lines.append(f"  {split:<{width}} {sum(counts.values()):>8}" + "".join(f"{counts[name]:>10}" for name in names))
    if report["ferplus_rows_kept"]:
        kept = ", ".join(f"{mode} {rows['all']}" for mode, rows in report["ferplus_rows_kept"].items())
        lines.append(f"FER+ rows kept: {kept}")
    if report["dropped_labels"]:
        lines.append("Other labels, dropped: " + ", ".join(f"{k}: {v}" for k, v in report["dropped_labels"].items()))
    skipped = ", ".join(f"{count} {reason}" for reason, count in report["skipped"].items())
    lines.append(f"Files skipped: {skipped or 'none'}")
    lines += [f"  {name}" for name in report["skipped_first"]]
    lines += [f"Note: {note}" for note in report["notes"]]
    lines += _describe_duplicates(report["duplicates"])
    lines.append(f"Cached in {report['cache']}" if report["cache"] else "Not cached: the cache cannot be written")
    return lines


def _describe_duplicates(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Pictures that stand there more than once: {found['exact']['groups']} with equal pixels"
        f" ({found['exact']['rows']} faces), {found['near']['groups']} that look alike, these included"
        f" ({found['near']['rows']} faces, {found['near']['labels_differ']} pictures with more than one label)"
    ]
    for pair in found["across_splits"]:
        lines.append(
            f"  {pair['exact']} faces of {pair['second']} are in {pair['first']} with equal pixels,"
            f" {pair['near']} look like one of it"
        )
    for kind in ("exact", "near"):
        lines += [f"  {kind}: {', '.join(names)}" for names in found[kind]["first"]]
    return lines


def _class_counts(faces: Faces, rows: np.ndarray) -> dict[str, int]:
    counts = np.bincount(faces.columns["labels"][rows], minlength=len(EXPRESSIONS))
    return dict(zip(EXPRESSIONS, counts.tolist(), strict=True))


def _votes_kept(source: Path, faces: Faces) -> dict[str, dict[str, int]]:
    path = source.with_name(ferplus.FILE_NAME)
    if not source.is_file() or not path.is_file():
        return {}
    splits, numbers = faces.report["splits"], faces.columns["splits"]
    votes = ferplus.read_votes(path, [splits[number] for number in numbers])
    kept = {mode: ferplus.vote_targets(votes, mode).sum(axis=1) > 0 for mode in ferplus.MODES}
    return {
        mode: {"all": int(rows.sum())} | {name: int(rows[numbers == i].sum()) for i, name in enumerate(splits)}
        for mode, rows in kept.items()
    }


def _duplicates(faces: Faces) -> dict[str, Any]:
    found = find_duplicates(faces.pixels)
    splits, numbers = faces.report["splits"], faces.columns["splits"]
    kinds = {"exact": found.exact, "near": found.near}
    across = []
    for first, second in combinations(range(len(splits)), 2):
        counts = {
            kind: sum(int((numbers[group] == second).sum()) for group in groups if (numbers[group] == first).any())
            for kind, groups in kinds.items()
        }
        across.append({"first": splits[first], "second": splits[second], **counts})
    return {kind: _summed(faces, groups) for kind, groups in kinds.items()} | {"across_splits": across}


def _summed(faces: Faces, groups: list[np.ndarray]) -> dict[str, Any]:
    """Groups and what is wrong with them; those across splits are shown first."""
    splits, numbers, labels = faces.report["splits"], faces.columns["splits"], faces.columns["labels"]
    worst = sorted(groups, key=lambda group: len(np.unique(numbers[group])) == 1)[:EXAMPLES]
    return {
        "groups": len(groups),
        "rows": sum(map(len, groups)),
        "labels_differ": sum(len(np.unique(labels[group])) > 1 for group in groups),
        "first": [
            [f"{splits[numbers[row]]} {faces.name(row)} {EXPRESSIONS[labels[row]]}" for row in group[:EXAMPLES]]
            for group in worst
        ],
    }
