"""How many frames a second the engine reads, stage by stage, and against the `fer` package on the same frames.

    python benchmarks/inference.py [--json] [--frames 400] [--checkpoint attune] [--device cpu]
        [--fer-python /path/to/a/venv/bin/python]

Frames are 640x480 JPEGs with one face, as a webcam sends them. On the CPU everything runs on one thread. The `fer`
package wants other versions than Attune, so it is called in an environment of its own, when one is named; it takes its
frames decoded already. On a GPU, frames/s are printed for batches of 1 to 256.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emotion.core.preprocess import crop_square, face_square  # noqa: E402
from emotion.inference.engine import Engine, decode_reduced  # noqa: E402

BATCH = 16
FER = """
import sys, time, numpy as np
from fer.fer import FER
frames = np.load(sys.argv[1])
detector = FER(mtcnn=False)
detector.detect_emotions(frames[0])
started = time.perf_counter()
for frame in frames:
    detector.detect_emotions(frame)
print(len(frames) / (time.perf_counter() - started))
"""


def make_frames(count: int) -> list[bytes]:
    """scikit-image's photograph of an astronaut (NASA, public domain), swaying and nearing as people do."""
    from skimage import data

    photograph = cv2.resize(data.astronaut()[:300, 30:430, ::-1], (640, 480), interpolation=cv2.INTER_CUBIC)
    frames = []
    for i in range(count):
        zoom = 1 + 0.08 * np.sin(i / 9)
        sway = cv2.getRotationMatrix2D((320, 240), 4 * np.sin(i / 11), zoom)
        sway[:, 2] += (20 * np.sin(i / 5), 12 * np.cos(i / 7))
        frame = cv2.warpAffine(photograph, sway, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        frames.append(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
    return frames


def frames_per_second(engine: Engine, frames: list[bytes], batch: int = BATCH) -> float:
    started = time.perf_counter()
    results = [r for start in range(0, len(frames), batch) for r in engine.predict(frames[start : start + batch])]
    seconds = time.perf_counter() - started
    if not all(result.outcome == "face" for result in results):
        raise SystemExit("The engine did not find every face, so its speed says nothing.")
    return len(frames) / seconds


def stage_milliseconds(engine: Engine, frames: list[bytes]) -> dict[str, float]:
    """Milliseconds a frame of each stage, called one after another as the engine calls them."""
    sample = frames[: 4 * BATCH]
    marks = [time.perf_counter()]
    images = [decode_reduced(jpeg) for jpeg in sample]
    marks.append(time.perf_counter())
    faces = [found[0] for found in engine.detector.detect_many([image for image, _ in images])]
    marks.append(time.perf_counter())
    size, grey = engine.manifest.input.size, engine.manifest.input.channels == 1
    crops = []
    for (image, _), face in zip(images, faces, strict=True):
        crop = crop_square(image, *face_square(face.x, face.y, face.width, face.height), size)
        crops.append(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB))
    marks.append(time.perf_counter())
    for start in range(0, len(crops), BATCH):
        engine.classify(crops[start : start + BATCH])
    marks.append(time.perf_counter())
    names = ("decode", "detect", "crop", "classify")
    return {name: 1000 * (end - start) / len(sample) for name, start, end in zip(names, marks, marks[1:], strict=False)}


def fer_frames_per_second(python: str, frames: list[bytes]) -> float:
    decoded = np.stack([cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in frames[:100]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.npy"
        np.save(path, decoded)
        done = subprocess.run([python, "-c", FER, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"The fer package did not run: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--checkpoint", default="attune", help="a name in checkpoints/, or a folder")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    parser.add_argument("--fer-python", help="the Python of an environment with the fer package")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    folder = Path(options.checkpoint)
    folder = folder if folder.is_dir() else ROOT / "checkpoints" / options.checkpoint
    engine = Engine(folder, device=options.device, threads=1 if options.device == "cpu" else (os.cpu_count() or 1))
    engine.warm_up()
    frames = make_frames(options.frames)
    frames_per_second(engine, frames[:BATCH])
    figures: dict[str, object] = {"backend": engine.backend.label, "frames": len(frames)}
    if options.device != "cpu":
        batches = [2**power for power in range(9)]
        figures["frames_per_second_by_batch"] = {n: round(frames_per_second(engine, frames, n), 1) for n in batches}
    # In turns with the other side, and the better of two: a busy moment of the machine then falls on both.
    speeds = [frames_per_second(engine, frames)]
    if options.fer_python:
        other = [fer_frames_per_second(options.fer_python, frames) for _ in range(2)]
        figures["fer_frames_per_second"] = round(max(other), 1)
    speeds.append(frames_per_second(engine, frames))
    figures["engine_frames_per_second"] = round(max(speeds), 1)
    if options.fer_python:
        figures["ratio_to_fer"] = round(max(speeds) / max(other), 1)
    figures["milliseconds"] = {name: round(taken, 2) for name, taken in stage_milliseconds(engine, frames).items()}
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
