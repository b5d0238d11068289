import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from emotion.core.calibration import softmax
from emotion.core.checkpoint import load_model
from emotion.core.manifest import CheckpointError
from emotion.registry import checkpoint_folder, promoted_model
from training.config import DataConfig
from training.data.dataset import DataError
from training.data.load import load_dataset
from training.evaluate import full_report, predict_logits, score
from training.plots import plot_confusion, plot_reliability

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Score a checkpoint on a split: accuracy with its interval, F1, recall per class, ranking, calibration."

    def add_arguments(self, parser) -> None:
        add_data_arguments(parser)
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--png", type=Path, metavar="FOLDER", help="confusion matrix and reliability diagram")

    def handle(self, *, checkpoint, set, data, split, labels, as_json, png: Path | None, **_) -> None:
        try:
            folder = checkpoint_or_promoted(checkpoint)
            model, manifest = load_model(folder)
            spec = manifest.input
            wanted = DataConfig(set=set, path=data)
            dataset = load_dataset(wanted, settings.BASE_DIR, seed=0, size=spec.size, channels=spec.channels)
            faces = dataset.split(split)
            labels = labels or next(iter(dataset.heads))
            plain = score(predict_logits(model, faces.pixels, manifest.input), manifest.heads, faces, labels)
            flipped = score(
                predict_logits(model, faces.pixels, manifest.input, flips=True), manifest.heads, faces, labels
            )
        except (CheckpointError, DataError, ValueError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        temperature = manifest.temperatures.get(plain.head, 1.0)
        report = {
            "checkpoint": folder.name,
            "split": split,
            "labels": labels,
            "head": plain.head,
            **full_report(plain, temperature),
            "with_flips": full_report(flipped, temperature),
        }
        if png:
            self._draw(png, report, plain, temperature)
        if as_json:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._print(report)

    def _draw(self, folder: Path, report: dict[str, Any], scored, temperature: float) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            plot_confusion(report["confusion_matrix"], scored.classes, folder / "confusion.png")
            plot_reliability(softmax(scored.logits, temperature), scored.labels, folder / "reliability.png")
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.", returncode=BAD_INPUT) from None

    def _print(self, report: dict[str, Any]) -> None:
        low, high = report["accuracy_interval_95"]
        flips = report["with_flips"]
        lines = [
            f"{report['checkpoint']} on {report['split']} ({report['labels']}): {report['n']} faces",
            f"accuracy            {report['accuracy']:.2%}  (95 %: {low:.2%} to {high:.2%})",
            f"  with flips        {flips['accuracy']:.2%}",
            f"balanced accuracy   {report['balanced_accuracy']:.2%}",
            f"macro F1            {report['macro_f1']:.3f}",
            f"weighted P, R, F1   {report['weighted_precision']:.3f}, {report['weighted_recall']:.3f}, "
            f"{report['weighted_f1']:.3f}",
            f"ROC-AUC, AP         {_figure(report['roc_auc'])}, {_figure(report['average_precision'])}",
            f"NLL                 {report['nll']:.3f}  (uncalibrated {report['nll_uncalibrated']:.3f})",
            f"ECE                 {report['ece']:.3f}  (uncalibrated {report['ece_uncalibrated']:.3f})",
            "recall",
        ]
        for name, recall in report["per_class_recall"].items():
            lines.append(f"  {name:<18}{'no rows' if recall is None else f'{recall:.2%}'}")
        self.stdout.write("\n".join(lines))


def add_data_arguments(parser: CommandParser) -> None:
    """Which checkpoint, and on which labelled faces."""
    parser.add_argument("--checkpoint", help="a folder under checkpoints/; the promoted model when none is named")
    parser.add_argument("--set", choices=["fer2013", "affectnet"], default="fer2013", help="fer2013 unless named")
    parser.add_argument("--data", help="the set's folder or CSV; where train_fer looks when none is named")
    parser.add_argument("--split", default="PublicTest", help="PublicTest, where validation rows are, or another")
    parser.add_argument("--labels", choices=["fer2013", "ferplus", "affectnet"], help="those of the set, or ferplus")


def checkpoint_or_promoted(name: str | None) -> Path:
    """The folder of a named checkpoint, or of the promoted one; the shipped one where there is no registry."""
    if name:
        return checkpoint_folder(name)
    try:
        return checkpoint_folder(promoted_model().name)
    except DatabaseError:
        return checkpoint_folder(settings.ATTUNE_DEFAULT_MODEL)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
