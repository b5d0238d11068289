"""Data sets as folders named after the classes: `train/angry/1.png`, `test/…`, or `angry/1.png` alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from emotion.core.labels import EXPRESSIONS, canonical
from training.data.dataset import SPLIT_ROLES, TRAINING, DataError
from training.data.images import IMAGE_SUFFIXES, ImageFile, Listing

# What sets call pictures without one of the eight expressions.
NO_EXPRESSION = {"none", "uncertain", "no-face", "noface", "no face", "no_face", "non-face", "nonface", "unknown", "nf"}

HIGHEST_CODE = 10  # AffectNet's: 8 none, 9 uncertain, 10 no face


def class_of(word: str, codes: tuple[str, ...]) -> str | None:
    """The expression that a folder or label names, in words or by its code in `codes`; None for one that names no
    expression (AffectNet's 8 and above). Raises ValueError for anything else."""
    word = word.strip().strip("'\"")
    try:
        code = int(float(word))
    except (ValueError, OverflowError):
        return None if word.lower() in NO_EXPRESSION else canonical(word)
    if code < 0:
        raise ValueError(f"'{word}' is not a label; known ones: 0 to {len(codes) - 1}.")
    return codes[code] if code < len(codes) else None


def subfolders(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.") from None
    return sorted(found)


def split_folders(folder: Path) -> dict[str, Path]:
    """The folder's splits by canonical name, or the folder itself as the only one."""
    found = {}
    for path in subfolders(folder):
        if role := SPLIT_ROLES.get(path.name.lower()):
            found.setdefault(role, path)
    return found or {TRAINING: folder}


def is_class_folder(path: Path, codes: tuple[str, ...]) -> bool:
    try:
        class_of(path.name, codes)
    except ValueError:
        return False
    return True


def has_class_folders(folder: Path, codes: tuple[str, ...]) -> bool:
    paths = [path for split in split_folders(folder).values() for path in subfolders(split)]
    if any(path.name.isdigit() and int(path.name) > HIGHEST_CODE for path in paths):
        return False  # numbered folders, such as those of AffectNet's official pictures, are no classes
    return any(is_class_folder(path, codes) for path in paths)


def list_class_folders(folder: Path, classes: tuple[str, ...], codes: tuple[str, ...]) -> Listing:
    """Every picture below a class's folder. Raises DataError for a folder of pictures whose name is no class."""
    listing = Listing("class folders")
    for split, place in split_folders(folder).items():
        for path in subfolders(place):
            try:
                name = class_of(path.name, codes)
            except ValueError as error:
                if next(pictures(path), None) is None:
                    continue
                raise DataError(f"{path}: {error}") from None
            if name is None:
                listing.dropped[path.name] += sum(1 for _ in pictures(path))
                continue
            if name not in classes:
                raise DataError(f"{path}: this set has no class '{name}'; it has: {', '.join(classes)}.")
            label = EXPRESSIONS.index(name)
            listing.images += [ImageFile(picture, split, label) for picture in pictures(path)]
    return listing


def pictures(folder: Path) -> Iterator[Path]:
    """Picture files below `folder`, sorted within each folder."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith("."):
                yield Path(place, name)
