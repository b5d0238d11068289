"""One way to every data set: `load_dataset`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7, FER2013_CODES
from training.config import DataConfig
from training.data import affectnet, fer2013
from training.data.cache import Faces, PixelWriter, Report, files_under, fingerprint, load_or_build
from training.data.dataset import SPLIT_ROLES, TRAINING, VALIDATION, DataError, FaceDataset, FaceSplit, hold_out
from training.data.folders import has_class_folders, list_class_folders
from training.data.images import IMAGE_SUFFIXES, Listing, Progress, conform, face_shape, stream_images
from training.data.synthetic import synthetic_dataset

HEAD_AFFECTNET = "affectnet"
DEFAULT_CACHE = Path("datasets") / ".cache"


def load_dataset(
    data: DataConfig, root: Path, seed: int, *, size: int = 48, channels: int = 1, progress: Progress | None = None
) -> FaceDataset:
    """The configured set, its labels mapped by name, its faces `size` square and grey (`channels` 1) or RGB (3).

    A set without a validation split has part of its training split set apart, stratified and seeded. Raises DataError
    with one sentence; with `corrupt: fail`, also for pictures that are damaged or missing.
    """
    if data.set == "synthetic":
        return _conform_synthetic(synthetic_dataset(seed), size, channels)
    source, faces = open_faces(data, root, size=size, channels=channels, progress=progress)
    if data.corrupt == "fail" and faces.report["skipped"]:
        raise DataError(
            f"{source} has {_counted(faces.report['skipped'])} files: {', '.join(faces.report['skipped_first'])};"
            " data.corrupt=skip leaves them out."
        )
    dataset = _with_heads(data, source, faces)
    return _with_validation(dataset, data.validation, seed)


def open_faces(
    data: DataConfig, root: Path, *, size: int = 48, channels: int = 1, progress: Progress | None = None
) -> tuple[Path, Faces]:
    """Where the set lies (a CSV or a folder), and all its faces, from the cache where they lie there."""
    cache = Path(data.cache).expanduser() if data.cache else root / DEFAULT_CACHE
    source = find_set(data, root)
    if source.is_file():
        return source, fer2013.read_faces(source, size=size, channels=channels, cache=cache)

    def listed() -> Listing:
        if data.set == "fer2013":
            return list_class_folders(source, EXPRESSIONS_7, FER2013_CODES)
        found = affectnet.find_layout(source)
        assert found  # find_set has seen it
        return found[0](found[1])

    def build(writer: PixelWriter) -> tuple[dict[str, np.ndarray], Report]:
        listing = listed()
        columns, report = stream_images(listing, source, writer, progress)
        if not writer.count:
            skipped = f" ({_counted(report['skipped'])})" if report["skipped"] else ""
            raise DataError(f"{source} holds no picture with a label that can be read{skipped}.")
        return columns, report

    files = files_under(source, affectnet.SOURCES)
    options = {"set": data.set, "source": str(source.resolve()), "size": size, "channels": channels}
    return source, load_or_build(
        build,
        name=data.set,
        key=fingerprint(files, options),
        shape=face_shape(size, channels),
        expected=sum(name.lower().endswith(IMAGE_SUFFIXES) for name, _, _ in files),
        cache=cache,
    )


def find_set(data: DataConfig, root: Path) -> Path:
    """A FER2013 CSV, or the folder of a set of pictures. Raises DataError when there is none."""
    given = Path(data.path).expanduser() if data.path else None
    if given and not given.exists():
        raise DataError(f"There is no data set at {given}.")
    places = [given, given / data.set] if given else fer2013.data_places(root, data.set)
    places = [place for place in places if place.is_dir()]
    if data.set == "fer2013":
        try:
            return fer2013.find_csv(data.path, root)
        except DataError:
            for place in places:
                if has_class_folders(place, FER2013_CODES):
                    return place
            if not given:
                raise
            raise DataError(f"{given} holds no fer2013.csv and no folders named after its classes.") from None
    if given and not given.is_dir():
        raise DataError(f"{given} is a file; AffectNet is a folder.")
    for place in places:
        if (given or place.name == data.set) and affectnet.find_layout(place):  # FER_DATA_DIR may hold another set
            return place
    if given:
        raise DataError(
            f"{given} holds AffectNet in no known form: official CSV lists, annotations, YOLO, labels.csv or class"
            " folders."
        )
    raise DataError(fer2013.WHERE_TO_GET_DATA)


def _with_heads(data: DataConfig, source: Path, faces: Faces) -> FaceDataset:
    if source.is_file():
        return fer2013.fer2013_dataset(
            faces, source, ferplus=data.ferplus, votes=data.votes, votes_rule=data.votes_rule
        )
    name, head, classes = "AffectNet", HEAD_AFFECTNET, EXPRESSIONS
    if data.set == "fer2013":
        name, head, classes = "FER2013", fer2013.HEAD_FER2013, EXPRESSIONS_7
    targets = np.eye(len(classes), dtype=np.float32)[faces.columns["labels"]]
    everything = FaceSplit(faces.pixels, {head: targets})
    numbers, report = faces.columns["splits"], faces.report
    splits = {split: everything.take(numbers == number) for number, split in enumerate(report["splits"])}
    counts = ", ".join(f"{split} {len(rows)}" for split, rows in splits.items())
    parts = [f"{name} ({report['layout']}): {len(everything)} faces ({counts})"]
    if report["dropped"]:
        which = ", ".join(f"{word}: {count}" for word, count in sorted(report["dropped"].items()))
        parts.append(f"{sum(report['dropped'].values())} of other labels dropped ({which})")
    if report["skipped"]:
        parts.append(f"skipped {_counted(report['skipped'])}: {', '.join(report['skipped_first'])}")
    summary = "; ".join([*parts, *report["notes"]]) + "."
    return FaceDataset(name, {head: classes}, splits, summary)


def _with_validation(dataset: FaceDataset, fraction: float, seed: int) -> FaceDataset:
    roles = {SPLIT_ROLES.get(name.lower()): name for name in dataset.splits}
    if VALIDATION in roles or TRAINING not in roles:
        return dataset
    kept, held = hold_out(dataset.splits[roles[TRAINING]], next(iter(dataset.heads)), fraction, seed)
    if not len(held):
        raise DataError(
            f"{dataset.name} comes without a validation split and has too few faces of each class to set a validation"
            " split apart."
        )
    splits = {}
    for name, split in dataset.splits.items():
        splits[name] = split
        if name == roles[TRAINING]:
            splits |= {name: kept, VALIDATION: held}
    summary = (
        f"{dataset.summary} It has no validation split: {len(held)} of {len(held) + len(kept)} training faces are set"
        " apart as one."
    )
    return replace(dataset, splits=splits, summary=summary)


def _conform_synthetic(dataset: FaceDataset, size: int, channels: int) -> FaceDataset:
    splits = {
        name: FaceSplit(conform(np.asarray(split.pixels), size, channels), split.targets)
        for name, split in dataset.splits.items()
    }
    return replace(dataset, splits=splits)


def _counted(skipped: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in skipped.items())
