"""AffectNet (Mollahosseini, Hasani, Mahoor 2017) in the forms people have it.

official      Manually_Annotated_file_lists/training.csv and validation.csv, pictures below a folder beside them
annotations   train_set/annotations/<id>_exp.npy with train_set/images/<id>.jpg, and val_set
YOLO          images/ and labels/*.txt, with names from data.yaml or ids in alphabetical order
labels.csv    pth,label,relFCs over class folders; the CSV's label wins over the folder's
class folders train/anger/…, val/…

Labels map by name. Codes are AffectNet's (0 neutral to 7 contempt); 8 and above (none, uncertain, no face) are dropped
and counted.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import yaml

from emotion.core.labels import EXPRESSIONS, canonical
from training.data.dataset import SPLIT_ROLES, TRAINING, VALIDATION, DataError
from training.data.folders import class_of, has_class_folders, list_class_folders, pictures, split_folders, subfolders
from training.data.images import IMAGE_SUFFIXES, Box, ImageFile, Listing
from training.data.tables import UNREADABLE, csv_rows, open_text, unreadable

AFFECTNET_CODES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
YOLO_NAMES = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
OFFICIAL_COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
OFFICIAL_LISTS = {TRAINING: "training.csv", VALIDATION: "validation.csv"}
LIST_FOLDER = "Manually_Annotated_file_lists"
IMAGE_ROOTS = (
    "Manually_Annotated_Images",
    "Manually_Annotated/Manually_Annotated_Images",
    "Manually_Annotated",
    "images",
    "",
)
ANNOTATION = "_exp.npy"
# Files whose change makes what was decoded from the set stale.
SOURCES = (*IMAGE_SUFFIXES, ".csv", ".txt", ".yaml", ANNOTATION)


def find_layout(folder: Path) -> tuple[Callable[[Path], Listing], Path] | None:
    """What lists the set in `folder`, and where exactly it lies: there, or one folder down."""
    for place in (folder, *subfolders(folder)):
        for recognise, listing in _LAYOUTS:
            if recognise(place):
                return listing, place
    return None


def list_official(folder: Path) -> Listing:
    listing = Listing("official CSV")
    lists = folder / LIST_FOLDER if (folder / LIST_FOLDER).is_dir() else folder
    root: Path | None = None
    for split, name in OFFICIAL_LISTS.items():
        path = lists / name
        if not path.is_file():
            continue
        for number, row in enumerate(_official_rows(path), start=2):
            try:
                place = row["subDirectory_filePath"].strip()
                label = class_of(row["expression"], AFFECTNET_CODES)
            except (KeyError, AttributeError):
                raise DataError(
                    f"{path} is not AffectNet's list, line {number}: it needs subDirectory_filePath and expression."
                ) from None
            except ValueError as error:
                raise DataError(f"{path}, line {number}: {error}") from None
            if label is None:
                listing.dropped[row["expression"].strip()] += 1
                continue
            if root is None:
                root = _image_root(folder, lists, place)
            listing.images.append(ImageFile((root or folder) / place, split, EXPRESSIONS.index(label), _box(row)))
    return listing


def list_annotations(folder: Path) -> Listing:
    listing = Listing("annotations")
    for split, place in split_folders(folder).items():
        images = {path.stem: path for path in pictures(place / "images")}
        for path in sorted((place / "annotations").glob(f"*{ANNOTATION}")):
            name = str(path.relative_to(folder))
            try:
                value = str(np.load(path, allow_pickle=False).reshape(-1)[0])
                label = class_of(value, AFFECTNET_CODES)
            except (OSError, ValueError, EOFError, IndexError):
                listing.skip("unreadable label", name)
                continue
            if label is None:
                listing.dropped[value] += 1
                continue
            number = path.name.removesuffix(ANNOTATION)
            picture = images.get(number, place / "images" / f"{number}.jpg")  # which is then found to be missing
            listing.images.append(ImageFile(picture, split, EXPRESSIONS.index(label)))
    return listing


def list_yolo(folder: Path) -> Listing:
    """A picture with several boxes gives several faces; one with none is dropped."""
    listing = Listing("YOLO")
    names = _yolo_names(folder)
    for split, images, labels in _yolo_folders(folder):
        known = {picture.stem: picture for picture in pictures(images)}
        files = {path.stem: path for path in labels.glob("*.txt")}
        for stem in sorted(known.keys() - files.keys()):
            listing.skip("without a label file", str(known[stem].relative_to(folder)))
        for stem, path in sorted(files.items()):
            picture = known.get(stem, images / f"{stem}.jpg")  # which is then found to be missing
            try:
                lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
                faces = [(int(line[0]), [float(value) for value in line[1:5]]) for line in lines]
            except (OSError, ValueError):
                listing.skip("unreadable label", str(path.relative_to(folder)))
                continue
            if not faces:
                listing.dropped["no face"] += 1
            for number, values in faces:
                if not 0 <= number < len(names) or names[number] is None:
                    listing.dropped[str(number)] += 1
                    continue
                box = None
                if len(values) == 4:
                    x, y, width, height = values
                    box = Box(x - width / 2, y - height / 2, width, height, relative=True)
                listing.images.append(ImageFile(picture, split, EXPRESSIONS.index(names[number]), box))
    return listing


def list_labels_csv(folder: Path) -> Listing:
    """The CSV's label wins; a picture that it does not list has its folder's."""
    listing = Listing("labels.csv")
    splits = split_folders(folder)
    listed: set[Path] = set()
    tables = [(folder / "labels.csv", folder)] if (folder / "labels.csv").is_file() else []
    tables += [(place / "labels.csv", place) for place in splits.values() if place != folder]
    moved = 0
    for table, beside in tables:
        if not table.is_file():
            continue
        for number, row in enumerate(csv_rows(table), start=2):
            try:
                place, word = row["pth"].strip(), row["label"]
                label = class_of(word, AFFECTNET_CODES)
            except (KeyError, AttributeError):
                raise DataError(f"{table}, line {number}: it needs the columns pth and label.") from None
            except ValueError as error:
                raise DataError(f"{table}, line {number}: {error}") from None
            for split, picture in _places(place, beside, splits):
                listed.add(picture)
                if label is None:
                    listing.dropped[word.strip()] += 1
                    continue
                listing.images.append(ImageFile(picture, split, EXPRESSIONS.index(label)))
                moved += _folder_label(picture) not in (label, None)
    if moved:
        listing.notes.append(f"{moved} labels of labels.csv differ from the picture's folder and won")
    if has_class_folders(folder, AFFECTNET_CODES):
        others = list_class_folders(folder, EXPRESSIONS, AFFECTNET_CODES)
        unlisted = [image for image in others.images if image.path not in listed]
        listing.images += unlisted
        if unlisted:
            listing.notes.append(f"{len(unlisted)} pictures are not in labels.csv and have their folder's label")
    return listing


def list_folders(folder: Path) -> Listing:
    return list_class_folders(folder, EXPRESSIONS, AFFECTNET_CODES)


def _official_rows(path: Path) -> Iterator[dict[str, str]]:
    """Some copies of validation.csv have no header."""
    try:
        with open_text(path) as file:
            first = next(csv.reader(file), [])
        if len(first) == len(OFFICIAL_COLUMNS) and "expression" not in [name.strip() for name in first]:
            with open_text(path) as file:
                yield from csv.DictReader(file, OFFICIAL_COLUMNS)
            return
    except UNREADABLE as error:
        raise unreadable(path, error) from None
    yield from csv_rows(path)


def _image_root(folder: Path, lists: Path, sample: str) -> Path | None:
    roots = [base / name for base in (folder, lists, folder.parent) for name in IMAGE_ROOTS]
    return next((root for root in roots if (root / sample).is_file()), None)


def _box(row: dict[str, str]) -> Box | None:
    try:
        return Box(*(float(row[name]) for name in ("face_x", "face_y", "face_width", "face_height")))
    except (KeyError, ValueError, TypeError):
        return None


def _yolo_names(folder: Path) -> list[str | None]:
    """Canonical names by id; None for an id that is no expression."""
    names: list[str] = list(YOLO_NAMES)
    path = next((folder / name for name in ("data.yaml", "data.yml") if (folder / name).is_file()), None)
    if path:
        try:
            given = (yaml.safe_load(path.read_text()) or {}).get("names")
        except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
            raise DataError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}.") from None
        if isinstance(given, dict):
            try:
                given = [given[number] for number in range(len(given))]
            except KeyError:
                raise DataError(f"{path}: the ids of its names do not run from 0.") from None
        if isinstance(given, list) and given:
            names = [str(name) for name in given]
    try:
        return [class_of(name, AFFECTNET_CODES) if not name.isdigit() else canonical(name) for name in names]
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None


def _yolo_folders(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """(split, images, labels): train/images and train/labels, or images/train and labels/train, or without splits."""
    for split, place in split_folders(folder).items():
        if (place / "labels").is_dir() and (place / "images").is_dir():
            if place != folder:
                yield split, place / "images", place / "labels"
                continue
            inner = {name: path for name, path in split_folders(place / "images").items() if path != place / "images"}
            for name, images in inner.items():
                yield name, images, place / "labels" / images.name
            if not inner:
                yield split, place / "images", place / "labels"


def _places(pth: str, beside: Path, splits: dict[str, Path]) -> list[tuple[str, Path]]:
    """Where a labels.csv row's picture lies: as the path says, or in a split's folder. Not found, it is missing."""
    direct = beside / pth
    first = Path(pth).parts[0].lower() if Path(pth).parts else ""
    own = next((split for split, place in splits.items() if place == beside), None)
    if direct.is_file():
        return [(SPLIT_ROLES.get(first) or own or TRAINING, direct)]
    found = [(split, place / pth) for split, place in splits.items() if (place / pth).is_file()]
    return found or [(SPLIT_ROLES.get(first) or own or TRAINING, direct)]


def _folder_label(picture: Path) -> str | None:
    try:
        return class_of(picture.parent.name, AFFECTNET_CODES)
    except ValueError:
        return None


def _has_annotations(folder: Path) -> bool:
    return any((p / "annotations").is_dir() and (p / "images").is_dir() for p in split_folders(folder).values())


def _has_labels_csv(folder: Path) -> bool:
    return any((place / "labels.csv").is_file() for place in (folder, *split_folders(folder).values()))


_LAYOUTS: tuple[tuple[Callable[[Path], bool], Callable[[Path], Listing]], ...] = (
    (
        lambda f: any((f / d / n).is_file() for d in (LIST_FOLDER, "") for n in OFFICIAL_LISTS.values()),
        list_official,
    ),
    (_has_annotations, list_annotations),
    (lambda f: next(_yolo_folders(f), None) is not None, list_yolo),
    (_has_labels_csv, list_labels_csv),
    (lambda f: has_class_folders(f, AFFECTNET_CODES), list_folders),
)
