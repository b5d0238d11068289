import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7, canonical
from emotion.core.manifest import CheckpointError, read_manifest
from emotion.core.preprocess import crop_square, face_square
from emotion.inference.engine import Engine
from emotion.inference.results import Face
from emotion.registry import chosen_checkpoint
from training.data.dataset import FaceSplit
from training.evaluate import full_report, score

BAD_INPUT = 2
VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv"}
# A picture no larger than this is a face already cropped, as FER2013's are: there is nothing left to find in it.
CROPPED_SIDE = 64
TOP = 3


@dataclass(frozen=True)
class Found:
    """One picture (or a video's frame at `second`) and its faces, each with the (C,) probabilities of its classes."""

    file: Path
    second: float | None
    faces: list[tuple[Face, np.ndarray]]


@dataclass
class Harvest:
    """What was found, and the files that could not be read: {path: reason}."""

    found: list[Found] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)


class Unreadable(Exception):
    """A file is no picture and no video; the message says why in a few words."""


class Command(BaseCommand):
    help = "Faces and their expressions in a picture, a folder of them, or a video; metrics on folders named by class."

    def add_arguments(self, parser) -> None:
        parser.add_argument("source", type=Path, metavar="IMAGE|FOLDER|VIDEO")
        parser.add_argument("--checkpoint", help="a folder under checkpoints/; the promoted model when none is named")
        parser.add_argument("--head", help="one of the checkpoint's heads; the one it serves with when none is named")
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--out", type=Path, metavar="DIR", help="where annotated copies go")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="between a video's frames (1)")

    def handle(self, *, source: Path, checkpoint: str | None, out: Path | None, every: float, **given) -> None:
        if not every > 0:
            raise CommandError(f"--every is a number of seconds above 0, not {every:g}.", returncode=BAD_INPUT)
        if not source.exists():
            raise CommandError(f"There is no {source}.", returncode=BAD_INPUT)
        try:
            engine = self._engine(chosen_checkpoint(checkpoint), given["head"])
            if out:
                out.mkdir(parents=True, exist_ok=True)
            harvest = self._read(engine, source, out, every)
        except CheckpointError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except OSError as error:
            raise CommandError(f"{error.filename or out}: {error.strerror}.", returncode=BAD_INPUT) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=130) from None
        if not harvest.found:
            raise CommandError(_nothing(source, harvest), returncode=BAD_INPUT)
        report = _report(engine, source, harvest)
        self.stdout.write(json.dumps(report, indent=2) if given["as_json"] else "\n".join(_lines(report)))

    def _engine(self, folder: Path, head: str | None) -> Engine:
        heads = read_manifest(folder).heads
        if head is not None and head not in heads:
            raise CheckpointError(f"{folder.name} has no head '{head}'; it has: {', '.join(heads)}.")
        return Engine(folder, device=settings.ATTUNE_DEVICE, head=head)

    def _read(self, engine: Engine, source: Path, out: Path | None, every: float) -> Harvest:
        harvest = Harvest()
        files = [source] if source.is_file() else sorted(_files(source))
        quiet = len(files) < 2 or not sys.stderr.isatty()
        for file in track(files, "Reading", console=Console(stderr=True), transient=True, disable=quiet):
            try:
                for second, image in _pictures(file, every):
                    found = Found(file, second, classify_faces(engine, image))
                    harvest.found.append(found)
                    if out:
                        _write_annotated(out, source, found, image, engine.manifest.heads[engine.head])
            except Unreadable as error:
                harvest.skipped[file] = str(error)
        return harvest


def classify_faces(engine: Engine, image: np.ndarray) -> list[tuple[Face, np.ndarray]]:
    """Every face in an (H, W, 3) BGR uint8 picture, the largest first, with its (C,) calibrated probabilities."""
    spec = engine.manifest.input
    height, width = image.shape[:2]
    if max(height, width) <= CROPPED_SIDE:
        faces = [Face(0.0, 0.0, float(width), float(height), 1.0)]
        crops = [cv2.resize(image, (spec.size, spec.size), interpolation=cv2.INTER_AREA)]
    else:
        faces, crops = [], []
        for face in sorted(engine.detector.detect(image), key=lambda face: -face.area):
            try:
                crops.append(crop_square(image, *face_square(face.x, face.y, face.width, face.height), spec.size))
            except ValueError:  # a box beyond the picture
                continue
            faces.append(face)
    if not faces:
        return []
    to_colour = cv2.COLOR_BGR2GRAY if spec.channels == 1 else cv2.COLOR_BGR2RGB
    rows = engine.classify([cv2.cvtColor(crop, to_colour) for crop in crops])
    return list(zip(faces, rows, strict=True))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _pictures(file: Path, every: float) -> Iterator[tuple[float | None, np.ndarray]]:
    """(None, picture) of an image, (second, frame) of a video. Raises Unreadable."""
    if file.suffix.lower() in VIDEOS:
        yield from _frames(file, every)
        return
    try:
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):  # empty, unreadable, or larger than OpenCV decodes
        image = None
    if image is None:
        raise Unreadable("no picture or video that can be read")
    yield None, image


def _frames(file: Path, every: float) -> Iterator[tuple[float, np.ndarray]]:
    video = cv2.VideoCapture(str(file))
    try:
        rate = video.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < 1000 else 25.0
        number, due, frames = 0, 0.0, 0
        while video.grab():  # without decoding: only what is due is decoded
            second = number / rate
            number += 1
            if second + 1e-6 < due:
                continue
            decoded, image = video.retrieve()
            if decoded:
                due += every
                frames += 1
                yield round(second, 3), image
        if not frames:
            raise Unreadable("a video without a frame that can be read")
    finally:
        video.release()


def _write_annotated(out: Path, source: Path, found: Found, image: np.ndarray, classes: tuple[str, ...]) -> None:
    """A JPEG of the picture with boxes and words, in the place under `out` that the file has under `source`."""
    inside = found.file.relative_to(source) if source.is_dir() else Path(found.file.name)
    stamp = "" if found.second is None else f"-{found.second:08.2f}s"
    target = out / inside.with_name(f"{inside.name}{stamp}.jpg")
    target.parent.mkdir(parents=True, exist_ok=True)
    scale = max(1, round(320 / max(image.shape[:2])))  # words need room
    canvas = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST) if scale > 1 else image.copy()
    size = max(canvas.shape[:2]) / 1000
    thickness = max(1, round(2 * size))
    for face, row in found.faces:
        left, top = round(face.x * scale), round(face.y * scale)
        right, bottom = round((face.x + face.width) * scale), round((face.y + face.height) * scale)
        cv2.rectangle(canvas, (left, top), (right, bottom), (98, 93, 47), thickness)
        best = int(row.argmax())
        words = f"{classes[best]} {row[best]:.0%}"
        font = max(0.4, size)
        (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, font, thickness)
        x = max(0, min(left, canvas.shape[1] - width))
        y = max(height + below, top)
        cv2.rectangle(canvas, (x, y - height - below), (x + width, y), (98, 93, 47), cv2.FILLED)
        cv2.putText(
            canvas, words, (x, y - below // 2), cv2.FONT_HERSHEY_SIMPLEX, font, (255, 255, 255), thickness, cv2.LINE_AA
        )
    target.write_bytes(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


def _report(engine: Engine, source: Path, harvest: Harvest) -> dict[str, Any]:
    classes = engine.manifest.heads[engine.head]
    pictures = []
    for found in harvest.found:
        faces = []
        for face, row in found.faces:
            order = np.argsort(-row)[:TOP]
            faces.append(
                {
                    "box": [round(value, 1) for value in (face.x, face.y, face.width, face.height)],
                    "score": round(face.score, 4),
                    "top": [{"expression": classes[i], "probability": round(float(row[i]), 4)} for i in order],
                    "probabilities": {name: round(float(p), 4) for name, p in zip(classes, row, strict=True)},
                }
            )
        second = {} if found.second is None else {"second": found.second}
        pictures.append({"file": str(found.file), **second, "faces": faces})
    report: dict[str, Any] = {
        "checkpoint": engine.manifest.name,
        "head": engine.head,
        "pictures": pictures,
        "skipped": [{"file": str(file), "reason": reason} for file, reason in harvest.skipped.items()],
    }
    if source.is_dir() and (metrics := _metrics(engine, source, harvest)):
        report["metrics"] = metrics
    return report


def _metrics(engine: Engine, source: Path, harvest: Harvest) -> dict[str, Any] | None:
    """evaluate_fer's figures, where sub-folders are named by class: of each picture's largest face, by its folder."""
    labels, rows, without_face = [], [], 0
    for found in harvest.found:
        label = _label(found.file.relative_to(source))
        if label is None or found.second is not None:
            continue
        if not found.faces:
            without_face += 1
            continue
        labels.append(label)
        rows.append(found.faces[0][1])
    if not rows:
        return None
    wanted = EXPRESSIONS if "contempt" in labels else EXPRESSIONS_7
    targets = np.eye(len(wanted), dtype=np.float32)[[wanted.index(label) for label in labels]]
    kind = "ferplus" if "contempt" in labels else "fer2013"
    temperature = engine.temperature
    # softmax(z / T) = p, so that T log p is z but for a constant.
    logits = temperature * np.log(np.clip(np.stack(rows), 1e-12, 1))
    split = FaceSplit(np.zeros((len(rows), 1, 1), np.uint8), {kind: targets})
    scored = score({engine.head: logits}, {engine.head: engine.manifest.heads[engine.head]}, split, kind)
    return {"without_face": without_face, **full_report(scored, temperature)}


def _label(inside: Path) -> str | None:
    """The class that a folder on the way to the file is named after, the nearest first."""
    for folder in reversed(inside.parts[:-1]):
        try:
            return canonical(folder)
        except ValueError:
            continue
    return None


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"{report['checkpoint']} ({report['head']}): {len(report['pictures'])} pictures"
    for picture in report["pictures"]:
        name = picture["file"] + (f" at {picture['second']:.2f} s" if "second" in picture else "")
        if not picture["faces"]:
            yield f"{name}\n  no face"
            continue
        yield name
        for number, face in enumerate(picture["faces"], start=1):
            x, y, width, height = (round(value) for value in face["box"])
            top = "  ".join(f"{entry['expression']:<9} {entry['probability']:6.1%}" for entry in face["top"])
            yield f"  {number:>2}  {f'{width}x{height} at {x},{y}':<22} {top}"
    for skipped in report["skipped"]:
        yield f"Skipped {skipped['file']}: {skipped['reason']}."
    if metrics := report.get("metrics"):
        low, high = metrics["accuracy_interval_95"]
        yield f"By folder: {metrics['n']} faces, {metrics['without_face']} pictures without one"
        yield f"  accuracy {metrics['accuracy']:.2%} (95 %: {low:.2%} to {high:.2%})"
        yield f"  balanced accuracy {metrics['balanced_accuracy']:.2%}, macro F1 {metrics['macro_f1']:.3f}"
        yield f"  NLL {metrics['nll']:.3f}, ECE {metrics['ece']:.3f}"
        for name, recall in metrics["per_class_recall"].items():
            if recall is not None:
                yield f"    {name:<10} {recall:.2%}"


def _nothing(source: Path, harvest: Harvest) -> str:
    if source.is_file():
        return f"{source} is {harvest.skipped[source]}."
    if not harvest.skipped:
        return f"{source} holds no files."
    return f"{source} holds nothing that can be read: {len(harvest.skipped)} files are no pictures or videos."
