import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from emotion.core.checkpoint import load_model
from emotion.core.manifest import CheckpointError
from emotion.services import checkpoint_folder, promoted_model
from training.data.dataset import DataError
from training.data.fer2013 import find_csv, load_fer2013
from training.evaluate import evaluate_head, predict_logits

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Score a checkpoint on a split: n, accuracy, macro F1 and recall per class."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--checkpoint", help="a folder under checkpoints/; the promoted model when none is named")
        parser.add_argument("--data", help="a fer2013.csv(.gz) or the folder that holds it")
        parser.add_argument("--split", default="PublicTest", help="a value of the Usage column (PublicTest)")
        parser.add_argument("--labels", choices=["fer2013", "ferplus"], default="fer2013")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *, checkpoint, data, split, labels, as_json, **_) -> None:
        try:
            folder = checkpoint_folder(checkpoint or self._promoted())
            model, manifest = load_model(folder)
            dataset = load_fer2013(find_csv(data, settings.BASE_DIR))
            faces = dataset.split(split)
            report = evaluate_head(predict_logits(model, faces.pixels, manifest.input), manifest.heads, faces, labels)
        except (CheckpointError, DataError, ValueError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        report = {"checkpoint": folder.name, "split": split, "labels": labels, **report}
        if as_json:
            self.stdout.write(json.dumps(report, indent=2))
            return
        self.stdout.write(f"{folder.name} on {split} ({labels}): {report['n']} faces")
        self.stdout.write(f"accuracy {report['accuracy']:.2%}, macro F1 {report['macro_f1']:.3f}")
        for name, recall in report["per_class_recall"].items():
            self.stdout.write(f"  {name:<10} {'no rows' if recall is None else f'{recall:.2%}'}")

    def _promoted(self) -> str:
        try:
            return promoted_model().name
        except DatabaseError:
            return settings.ATTUNE_DEFAULT_MODEL
