import json
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emotion.core.manifest import CheckpointError, read_manifest
from emotion.registry import chosen_checkpoint
from training.data.dataset import DataError, FaceDataset
from training.data.fer2013 import find_csv, load_fer2013
from training.data.load import DEFAULT_CACHE
from training.data.synthetic import synthetic_dataset
from training.export import FILE, ExportError, export_checkpoint, int8_path, report_path

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Write a checkpoint as ONNX, checked against torch on real faces; --int8 also quantised, if that pays."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--checkpoint", help="a folder under checkpoints/; the promoted model when none is named")
        parser.add_argument("--int8", action="store_true", help="kept if faster and within 0.3 points of accuracy")
        parser.add_argument("--out", type=Path, help="model.onnx beside the weights, when no other file is named")
        parser.add_argument("--data", help="'synthetic', or a fer2013.csv(.gz) or the folder that holds it")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *, checkpoint: str | None, int8: bool, out: Path | None, data: str | None, **rest) -> None:
        torch.set_num_threads(1)  # figures are for one core
        try:
            folder = chosen_checkpoint(checkpoint)
            read_manifest(folder)
            target = out or folder / FILE
            if target.is_dir() or not target.parent.is_dir():
                raise CommandError(f"{target} is not a file that can be written.", returncode=BAD_INPUT)
            report = export_checkpoint(folder=folder, out=target, dataset=_dataset(data, int8), int8=int8)
        except (CheckpointError, DataError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except ExportError as error:
            raise CommandError(str(error), returncode=1) from None
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.", returncode=BAD_INPUT) from None
        if rest["as_json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self.stdout.write("\n".join(_lines(report, target, int8)))


def _dataset(data: str | None, int8: bool) -> FaceDataset:
    """FER2013, else (only the comparison with torch can do with less) drawn faces. Raises DataError."""
    if data == "synthetic":
        return synthetic_dataset(seed=0)
    try:
        path = find_csv(data, settings.BASE_DIR)
    except DataError:
        if data or int8:
            raise
        return synthetic_dataset(seed=0)
    return load_fer2013(path, cache=settings.BASE_DIR / DEFAULT_CACHE)


def _lines(report: dict[str, Any], target: Path, int8: bool) -> list[str]:
    files, speed = report["files"], report["ms_per_face"]
    lines = [
        f"{report['checkpoint']}: ONNX opset {report['opset']}, {files[target.name]['bytes'] / 1e6:.1f} MB; at most "
        f"{report['max_difference']:.1e} from torch on {report['checked_rows']} faces ({report['rows_of']}).",
        f"One thread, batch of {speed['batch']}: torch {speed['torch']:.2f} ms a face, "
        f"ONNX Runtime {speed['onnx']:.2f} ms.",
    ]
    if int8:
        judged = report["int8"]
        figures = ", ".join(
            f"{labels} {judged['accuracy'][labels]:.1%} (fp32 {judged['accuracy_fp32'][labels]:.1%})"
            for labels in judged["accuracy"]
        )
        lines += [
            f"int8 is {'kept' if judged['kept'] else 'not kept'}: {judged['why']}.",
            f"  Calibrated on {judged['calibration_rows']} Training rows; on {judged['scored_rows']} PublicTest rows: "
            f"{figures}.",
        ]
    small = int8_path(target)
    written = [target, *([small] if small.name in files else []), report_path(target)]
    return [*lines, f"Written: {', '.join(str(path) for path in written)}"]
