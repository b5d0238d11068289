import json
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emotion.core.calibration import softmax
from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import CheckpointError
from training.config import DataConfig
from training.data.dataset import DataError
from training.data.load import load_dataset
from training.evaluate import fit_pixels, predict_logits, score
from training.groups import group_report, read_table
from training.management.commands.evaluate_fer import BAD_INPUT, add_data_arguments, checkpoint_or_promoted
from training.metrics import wilson_interval
from training.plots import plot_shifts
from training.shifts import SHIFTS, shifted


class Command(BaseCommand):
    help = (
        "How a checkpoint breaks: its accuracy as light, sharpness, turn, quality, size and what is covered get worse; "
        "or, with --table, how well each group of people in it is read."
    )

    def add_arguments(self, parser) -> None:
        add_data_arguments(parser)
        parser.add_argument("--rows", type=int, default=1000, help="faces to look at, spread over the split (1000)")
        parser.add_argument(
            "--table", type=Path, metavar="CSV", help="path, label and columns that name groups: figures by group"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--png", type=Path, metavar="FILE", help="a picture of the shifts")

    def handle(self, *, checkpoint, table: Path | None, as_json: bool, png: Path | None, **options) -> None:
        try:
            folder = checkpoint_or_promoted(checkpoint)
            model, manifest = load_model(folder)
            report = self._by_group(model, manifest, table) if table else self._by_shift(model, manifest, options)
            if png and not table:
                plot_shifts(report["shifts"], {name: shift.words for name, shift in SHIFTS.items()}, png)
        except (CheckpointError, DataError, ValueError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except OSError as error:
            raise CommandError(f"{png} cannot be written: {error.strerror}.", returncode=BAD_INPUT) from None
        report = {"checkpoint": folder.name, **report}
        self.stdout.write(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report)))

    def _by_shift(self, model, manifest, options: dict[str, Any]) -> dict[str, Any]:
        if options["rows"] < 1:
            raise ValueError(f"--rows is {options['rows']}; allowed: 1 or more.")
        spec = manifest.input
        wanted = DataConfig(set=options["set"], path=options["data"])
        dataset = load_dataset(wanted, settings.BASE_DIR, seed=0, size=spec.size, channels=spec.channels)
        split = dataset.split(options["split"])
        labels = options["labels"] or next(iter(dataset.heads))
        if labels not in split.targets:
            raise DataError(f"This data set has no '{labels}' labels; it has: {', '.join(split.targets)}.")
        rows = np.flatnonzero(split.labelled(labels))
        faces = split.take(rows[np.linspace(0, len(rows) - 1, min(options["rows"], len(rows))).astype(int)])
        pixels = fit_pixels(np.asarray(faces.pixels), spec)
        shifts: dict[str, list[dict[str, Any]]] = {}
        for name, shift in SHIFTS.items():
            shifts[name] = []
            for level in shift.levels:
                logits = predict_logits(model, shifted(pixels, shift, level), spec)
                scored = score(logits, manifest.heads, faces, labels)
                probabilities = softmax(scored.logits, manifest.temperatures.get(scored.head, 1.0))
                right = int((probabilities.argmax(axis=1) == scored.labels).sum())
                shifts[name].append(
                    {
                        "level": level,
                        "accuracy": right / len(faces),
                        "accuracy_interval_95": list(wilson_interval(right, len(faces))),
                        "confidence": float(probabilities.max(axis=1).mean()),
                    }
                )
        return {"split": options["split"], "labels": labels, "n": len(faces), "shifts": shifts}

    def _by_group(self, model, manifest, table: Path) -> dict[str, Any]:
        faces = read_table(table, manifest.input)
        classes = manifest.heads[manifest.serving_head]
        chosen = predict_logits(model, faces.pixels, manifest.input)[manifest.serving_head].argmax(axis=1)
        named = np.array([EXPRESSIONS.index(classes[index]) for index in chosen])
        right = named == faces.labels
        return {
            "table": str(table),
            "n": len(faces.labels),
            "accuracy": float(right.mean()),
            "skipped": faces.skipped,
            "columns": group_report(right, faces.labels, faces.columns),
        }


def _lines(report: dict[str, Any]) -> list[str]:
    if "columns" in report:
        return _group_lines(report)
    lines = [f"{report['checkpoint']} on {report['split']} ({report['labels']}): {report['n']} faces"]
    for name, levels in report["shifts"].items():
        lines.append(f"{name} ({SHIFTS[name].words})")
        for each in levels:
            low, high = each["accuracy_interval_95"]
            lines.append(
                f"  {each['level']:>6g}   {each['accuracy']:6.1%}  (95 %: {low:.1%} to {high:.1%})"
                f"   says it is {each['confidence']:.0%} sure"
            )
    return lines


def _group_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"{report['checkpoint']} on {report['table']}: {report['n']} faces, accuracy {report['accuracy']:.1%}"]
    lines += [f"Skipped {what}." for what in report["skipped"]]
    for column, figures in report["columns"].items():
        gap = figures["widest_gap"]
        lines.append(f"{column}" + ("" if gap is None else f"   widest gap {100 * gap:.1f} points"))
        for group, each in figures["groups"].items():
            low, high = each["accuracy_interval_95"]
            few = "   few: read nothing into it" if each["few"] else ""
            lines.append(f"  {group:<20}{each['n']:>6}  {each['accuracy']:6.1%}  ({low:.1%} to {high:.1%}){few}")
    return lines
