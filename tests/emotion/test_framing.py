"""Training and serving frame faces alike: a FER2013 face in a webcam's picture is read as its crop is."""

import cv2
import numpy as np
import pytest
from django.conf import settings

from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS
from emotion.inference.engine import Engine
from training.data.fer2013 import find_csv, load_fer2013
from training.evaluate import evaluate_head, predict_logits

SIDES = (240, 300, 360)
EVERY = 4


def in_a_frame(face: np.ndarray, side: int) -> bytes:
    """A 640x480 JPEG with the 48x48 face set into its middle, `side` pixels wide."""
    frame = np.full((480, 640), 110, np.uint8)
    top, left = (480 - side) // 2, (640 - side) // 2
    frame[top : top + side, left : left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


@pytest.mark.parametrize("head", ["fer2013", "ferplus"])
def test_faces_in_frames_score_within_three_points_of_their_crops(fer_data_dir, head):
    faces = load_fer2013(find_csv(str(fer_data_dir), settings.BASE_DIR)).split("PublicTest")
    faces = faces.take(np.flatnonzero(faces.labelled(head))[::EVERY])
    checkpoint = settings.CHECKPOINTS_DIR / "attune"
    model, manifest = load_model(checkpoint)
    crops = evaluate_head(predict_logits(model, faces.pixels, manifest.input), manifest.heads, faces, head)

    engine = Engine(checkpoint, device="cpu", head=head)
    labels = faces.labels(head)
    right = found = 0
    for index, face in enumerate(faces.pixels):
        (result,) = engine.predict([in_a_frame(face, SIDES[index % len(SIDES)])])
        if result.outcome == "face":
            found += 1
            top = max(result.probabilities, key=lambda name: result.probabilities[name] or 0.0)
            right += EXPRESSIONS.index(top) == labels[index]
    assert found >= 0.95 * len(labels)
    assert right / found >= crops["accuracy"] - 0.03
