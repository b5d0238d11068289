"""Each form in which people have FER2013 and AffectNet, written as a small set of drawn faces.

The class is stamped into each picture's corner, so that a test can tell which picture a label was given to.
"""

import csv
from pathlib import Path

import cv2
import numpy as np

from emotion.core.labels import EXPRESSIONS
from training.data.synthetic import draw_face

AFFECTNET_CODES = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
FER2013_FOLDERS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
AFFECTNET_FOLDERS = {**FER2013_FOLDERS, "contempt": "contempt"}
ALPHABETICAL = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
OFFICIAL = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


def stamped_face(expression: str, seed: int = 0) -> np.ndarray:
    """(48, 48) uint8; contempt is drawn as disgust, which the stamp tells apart."""
    face = draw_face("disgust" if expression == "contempt" else expression, np.random.default_rng(seed))
    face[:12, :12] = 15 + 30 * EXPRESSIONS.index(expression)
    return face


def stamps(pixels: np.ndarray) -> list[str]:
    """The class that each picture's corner says, whatever its size and channels."""
    side = pixels.shape[1] // 6
    levels = np.asarray(pixels)[:, :side, :side].mean(axis=tuple(range(1, pixels.ndim)))
    return [EXPRESSIONS[round((level - 15) / 30)] for level in levels]


def write_picture(path: Path, expression: str, seed: int = 0, face: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), stamped_face(expression, seed) if face is None else face)
    return path


def class_folders(
    folder: Path,
    *,
    names: dict[str, str] = FER2013_FOLDERS,
    splits: tuple[str, ...] = ("train", "test"),
    each: int = 5,
    suffix: str = ".png",
) -> Path:
    """An empty split name puts the classes into the folder itself."""
    for place, split in enumerate(splits):
        for name, expression in names.items():
            for number in range(each):
                seed = 1000 * place + number
                write_picture(folder / split / name / f"im{seed}{suffix}", expression, seed)
    return folder


def official(folder: Path, *, more: list[tuple[str, int]] = (), header: bool = True) -> Path:
    """Faces of 48 px in pictures of 100 px, two of each class to train and one to validate. `more` are (path, code)
    rows, with a picture each unless the path begins with "gone"."""
    for name, each, rows in (("training", 2, list(more)), ("validation", 1, [])):
        rows = rows + [(f"{code}/{name}{n}.png", code) for code in range(8) for n in range(each)]
        path = folder / "Manually_Annotated_file_lists" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            if header or name == "training":
                file.write(OFFICIAL + "\n")
            for place, code in rows:
                csv.writer(file).writerow([place, 30, 40, 48, 48, "1.0;2.0", code, 0.1, -0.2])
                if not place.startswith("gone"):
                    picture = np.full((100, 100), 128, np.uint8)
                    picture[40:88, 30:78] = stamped_face(AFFECTNET_CODES[code % 8])
                    write_picture(folder / "Manually_Annotated_Images" / place, "", face=picture)
    return folder


def annotations(folder: Path, *, more: dict[str, int] | None = None) -> Path:
    """`more` are (id, code) in train_set; without a picture when the id begins with "gone"."""
    for split, each in (("train_set", 2), ("val_set", 1)):
        rows = {str(100 * code + n): code for code in range(8) for n in range(each)}
        rows |= (more or {}) if split == "train_set" else {}
        (folder / split / "annotations").mkdir(parents=True)
        for number, code in rows.items():
            np.save(folder / split / "annotations" / f"{number}_exp.npy", np.array(str(code)))
            np.save(folder / split / "annotations" / f"{number}_val.npy", np.array("0.5"))
            if not number.startswith("gone"):
                write_picture(folder / split / "images" / f"{number}.jpg", AFFECTNET_CODES[code % 8])
    return folder


def labels_csv(folder: Path, moved: list[tuple[str, str]] = (), each: int = 2) -> Path:
    """`moved` are (folder, true class): a picture that lies in the wrong folder and is right in the CSV."""
    lines = [",pth,label,relFCs"]
    places = [(name, expression, name) for name, expression in AFFECTNET_FOLDERS.items() for _ in range(each)]
    words = {expression: name for name, expression in AFFECTNET_FOLDERS.items()}
    places += [(name, expression, words[expression]) for name, expression in moved]
    for number, (name, expression, word) in enumerate(places):
        write_picture(folder / name / f"image{number:07}.jpg", expression, number)
        lines.append(f"{number},{name}/image{number:07}.jpg,{word},0.87")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def yolo(folder: Path, *, names: list[str] | None = None, shape: str = "{split}/{kind}") -> Path:
    """Ids are places in `names` (written to data.yaml), or in the alphabetical order. `shape` says where pictures and
    labels lie."""
    order = [AFFECTNET_FOLDERS.get(name, name) for name in names] if names else ALPHABETICAL
    for split, each in (("train", 2), ("valid", 1)):
        for number, expression in enumerate(order):
            for n in range(each):
                stem = f"ffhq_{number}_{n}"
                write_picture(folder / shape.format(split=split, kind="images") / f"{stem}.png", expression)
                label = folder / shape.format(split=split, kind="labels") / f"{stem}.txt"
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text(f"{number} 0.5 0.5 1.0 1.0\n")
    if names:
        (folder / "data.yaml").write_text(f"nc: {len(names)}\nnames: {names}\n")
    return folder
