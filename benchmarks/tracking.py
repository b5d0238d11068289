"""What following a face between looks of the detector saves, and whether reading it gets worse.

    python benchmarks/tracking.py [--json] [--faces 120] [--seconds 12] [--checkpoint attune]

Each of FER2013's PublicTest faces (FER_DATA_DIR, as for training) sits in 640x480 frames, one a second, before a
blurred room of noise: it sways by a share of its own size, nears, tilts, and the light changes, at three levels of
liveliness. The same frames go through one engine that looks for the face in every frame and one that follows it.
Printed of each level, both sides from this run: frames/s, the share of frames that were followed, how far the followed
boxes lie from the detector's (IoU, median and lowest hundredth), how often the same expression comes out on top, and
how often it is the one most raters saw. Then, of faces that leave and of second faces that come: seconds until each
side notices, at most.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emotion.core.labels import EXPRESSIONS  # noqa: E402
from emotion.inference.engine import Engine  # noqa: E402
from emotion.inference.results import FrameResult  # noqa: E402
from training.data.fer2013 import find_csv, load_fer2013  # noqa: E402

# From second to second, of the face's side: how far it sways, how much nearer it comes; degrees; share of light.
LEVELS = {"quiet": (0.02, 0.01, 1.0, 0.02), "usual": (0.08, 0.03, 3.0, 0.05), "lively": (0.25, 0.08, 8.0, 0.12)}
BATCH = 16


class Clip:
    """Frames of one face, each a second after the one before, each a function of the seed."""

    def __init__(self, face: np.ndarray, level: str, seed: int, beside: bool = False) -> None:
        """`beside` leaves room for a second face."""
        self._draw = np.random.default_rng(seed)
        self._face = face
        self._sway, self._near, self._tilt, self._light = LEVELS[level]
        noise = self._draw.integers(60, 190, (5, 6), dtype=np.uint8)
        self._room = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)
        self._side = 220.0 if beside else float(self._draw.uniform(200, 320))
        self._place = np.array([160.0 if beside else 320.0, 240.0])

    def frame(self, faces: int = 1) -> bytes:
        draw, side = self._draw, self._side
        self._place += draw.normal(0, self._sway * side, 2)
        self._place = np.clip(self._place, side * 0.45, (640 - side * 0.45, 480 - side * 0.45))
        self._side = float(np.clip(side * (1 + draw.normal(0, self._near)), 180, 340))
        tilt, light = draw.normal(0, self._tilt), 1 + draw.normal(0, self._light)
        picture = self._room.copy()
        if faces:
            self._set(picture, self._place, self._side, tilt)
        if faces == 2:
            self._set(picture, np.array([640 - self._place[0], 240]), self._side, -tilt)
        picture = np.clip(picture * light, 0, 255).astype(np.uint8)
        return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])[
            1
        ].tobytes()

    def _set(self, picture: np.ndarray, place: np.ndarray, side: float, tilt: float) -> None:
        turn = cv2.getRotationMatrix2D((24, 24), tilt, side / 48)
        turn[:, 2] += place - 24
        whole = np.full_like(self._face, 255)
        mask = cv2.warpAffine(whole, turn, (640, 480)) > 127
        picture[mask] = cv2.warpAffine(self._face, turn, (640, 480), flags=cv2.INTER_CUBIC)[mask]


class Clock:
    """Tells the tracker that a second goes by between two frames, however fast they are read."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def overlap(a: FrameResult, b: FrameResult) -> float:
    f, g = a.face, b.face
    across = min(f.x + f.width, g.x + g.width) - max(f.x, g.x)
    down = min(f.y + f.height, g.y + g.height) - max(f.y, g.y)
    both = max(0.0, across) * max(0.0, down)
    return both / (f.area + g.area - both)


def top(result: FrameResult) -> str:
    return max(result.probabilities, key=lambda name: result.probabilities[name] or 0.0)


def batches(items: list, size: int = BATCH) -> Iterator[list]:
    return (items[start : start + size] for start in range(0, len(items), size))


def measure_level(engine: Engine, clock: Clock, clips: list[Clip], truths: list[str], seconds: int) -> dict[str, float]:
    """The same frames, looked for and followed, in turns."""
    taken = {"looked": 0.0, "followed": 0.0}
    looks, overlaps, alike = 0, [], []
    right = {"looked": 0, "followed": 0}
    detect = engine.detector.detect_many

    def counted(images, each=map):
        nonlocal looks
        looks += len(images)
        return detect(images, each)

    readable = 0
    for _ in range(seconds):
        clock.now += 1.0
        frames = [clip.frame() for clip in clips]
        sessions = [str(index) for index in range(len(clips))]
        for part, names, truth in zip(batches(frames), batches(sessions), batches(truths), strict=True):
            started = time.perf_counter()
            looked = engine.predict(part)
            taken["looked"] += time.perf_counter() - started
            engine.detector.detect_many = counted
            started = time.perf_counter()
            followed = engine.predict(part, names)
            taken["followed"] += time.perf_counter() - started
            engine.detector.detect_many = detect
            for a, b, said in zip(looked, followed, truth, strict=True):
                if a.outcome == b.outcome == "face":
                    readable += 1
                    overlaps.append(overlap(a, b))
                    alike.append(top(a) == top(b))
                    right["looked"] += top(a) == said
                    right["followed"] += top(b) == said
    count = seconds * len(clips)
    return {
        "frames": count,
        "frames_per_second": {side: round(count / value, 1) for side, value in taken.items()},
        "share_followed": round(1 - looks / count, 3),
        "faces_read_by_both": readable,
        "iou_median": round(float(np.median(overlaps)), 3),
        "iou_lowest_hundredth": round(float(np.quantile(overlaps, 0.01)), 3),
        "same_expression": round(float(np.mean(alike)), 4),
        "accuracy": {side: round(value / readable, 4) for side, value in right.items()},
    }


def measure_notice(engine: Engine, clock: Clock, faces: np.ndarray, then: int) -> dict[str, float]:
    """Seconds from the first frame with `then` faces instead of one until that is said: the most, on each side."""
    wanted = "no_face" if then == 0 else "several_faces"
    waited: dict[str, list[float]] = {"looked": [], "followed": []}
    for side, each in waited.items():
        for number, face in enumerate(faces):
            clip, session = Clip(face, "quiet", number, beside=True), f"{side}-{number}"
            names = [session] if side == "followed" else []
            for _ in range(2 + number % 4):
                clock.now += 1.0
                engine.predict([clip.frame()], names)
            for second in range(8):
                clock.now += 1.0
                (result,) = engine.predict([clip.frame(then)], names)
                if result.outcome == wanted:
                    each.append(second)
                    break
    return {side: max(each) for side, each in waited.items()} | {"noticed": min(map(len, waited.values()))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--faces", type=int, default=120)
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--checkpoint", default="attune")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    engine = Engine(ROOT / "checkpoints" / options.checkpoint, device="cpu")
    clock = Clock()
    engine.tracker = type(engine.tracker)(clock)
    split = load_fer2013(find_csv(None, ROOT)).split("PublicTest")
    split = split.take(np.flatnonzero(split.labelled("ferplus")))
    rows = np.linspace(0, len(split) - 1, options.faces).astype(int)
    faces = [np.asarray(split.pixels[row]) for row in rows]
    truths = [EXPRESSIONS[label] for label in split.labels("ferplus")[rows]]
    engine.warm_up()
    report: dict[str, object] = {"faces": len(faces)}
    for level in LEVELS:
        clips = [Clip(face, level, number) for number, face in enumerate(faces)]
        clock.now += 60.0
        report[level] = measure_level(engine, clock, clips, truths, options.seconds)
    found = [
        face
        for face in faces
        if engine.predict([Clip(face, "quiet", 0, beside=True).frame()])[0].outcome == "face"
        and engine.predict([Clip(face, "quiet", 0, beside=True).frame(2)])[0].outcome == "several_faces"
    ]
    report["seconds_until_noticed"] = {
        "face left": measure_notice(engine, clock, found, 0),
        "second face": measure_notice(engine, clock, found, 2),
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, value in report.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
