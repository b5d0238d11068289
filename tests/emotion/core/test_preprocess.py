"""Training and serving see the same tensor, and faces are framed as in the training set."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from emotion.core import architectures
from emotion.core.checkpoint import save_model
from emotion.core.manifest import InputSpec, Manifest
from emotion.core.preprocess import crop_square, face_square, to_input
from emotion.inference.engine import Engine
from emotion.inference.results import Face
from training.evaluate import predict_logits

SPEC = InputSpec(48, 1, (0.5072,), (0.2555,))
HEADS = {"fer2013": ("neutral", "happiness")}


class Recorder(nn.Module):
    """Stands in for a network, or for an engine's backend, and keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, x):
        self.seen.append(x.clone())
        return {"fer2013": torch.zeros(len(x), 2)}

    def logits(self, x):
        return self(x)["fer2013"].numpy()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    options = {"widths": [8], "blocks": [1]}
    network = architectures.build("attune", heads=HEADS, **options)
    save_model(tmp_path, network.state_dict(), Manifest("tiny", "attune", options, HEADS, "fer2013", SPEC))
    return Engine(tmp_path, device="cpu")


def test_golden_a_crop_becomes_the_same_tensor_in_training_and_in_serving(engine):
    crop = np.arange(48 * 48, dtype=np.uint32).reshape(48, 48).astype(np.uint8)
    trained, served = Recorder(), Recorder()
    predict_logits(trained, crop[None], SPEC)
    engine.backend = served
    engine.classify([crop])

    assert torch.equal(trained.seen[0], served.seen[0])
    assert torch.equal(served.seen[0], to_input(torch.from_numpy(crop[None]), SPEC))
    tensor = served.seen[0]
    assert (tensor.shape, tensor.dtype) == ((1, 1, 48, 48), torch.float32)
    # The figures of three pixels, worked out by hand: (value / 255 - mean) / std.
    for (row, column), value in {(0, 0): 0, (0, 47): 47, (5, 15): 255}.items():
        assert tensor[0, 0, row, column].item() == pytest.approx((value / 255 - 0.5072) / 0.2555, abs=1e-6)


def test_golden_a_face_in_a_webcam_picture_reaches_the_network_as_its_grey_crop(engine):
    picture = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    engine.detector.detect_many = lambda images, each: [[Face(100, 60, 100, 100, 0.9)]]
    engine.backend = Recorder()
    engine.predict([cv2.imencode(".png", picture)[1].tobytes()])

    # face_square by hand: side 116, centred on x 150 and, 10 up, on y 100.
    expected = cv2.cvtColor(picture[42:158, 92:208], cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(expected, (48, 48), interpolation=cv2.INTER_AREA)
    shown = (engine.backend.seen[0][0, 0].numpy() * 0.2555 + 0.5072) * 255
    assert np.abs(shown - expected).max() < 1.01  # grey then resized, against resized then grey: rounding


def test_colour_faces_keep_their_channels():
    spec = InputSpec(2, 3, (0.0, 0.5, 1.0), (1.0, 1.0, 0.5))
    crop = torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)
    assert to_input(crop, spec)[0, :, 0, 0].tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize("shape", [(1, 47, 48), (1, 48, 48, 3)])
def test_crops_of_another_size_are_refused(shape):
    with pytest.raises(ValueError, match="takes 1 channel"):
        to_input(torch.zeros(shape, dtype=torch.uint8), SPEC)


def test_pixels_that_were_scaled_already_are_refused():
    with pytest.raises(TypeError, match="uint8"):
        to_input(torch.zeros(1, 48, 48), SPEC)


def test_a_face_is_framed_as_fer2013_frames_it():
    # A box of 100 at (40, 80): the crop's side is 1.16 boxes, its centre 0.10 boxes above the box's centre.
    left, top, side = face_square(40, 80, 100, 100)
    assert side == pytest.approx(116)
    assert left + side / 2 == pytest.approx(90)
    assert top + side / 2 == pytest.approx(130 - 10)


def test_a_box_that_is_no_square_is_framed_by_its_mean_side():
    left, top, side = face_square(0, 0, 80, 120)
    assert (left, top, side) == pytest.approx((40 - 58, 60 - 10 - 58, 116))


def test_a_crop_at_the_border_repeats_the_edge():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    crop = crop_square(image, -2, -2, 4, 4)
    assert crop.tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [4, 4, 4, 5]]
    crop = crop_square(image, 2, 2, 4, 4)
    assert crop.tolist() == [[10, 11, 11, 11], [14, 15, 15, 15], [14, 15, 15, 15], [14, 15, 15, 15]]


def test_a_crop_inside_takes_exactly_its_square():
    image = np.arange(100, dtype=np.uint8).reshape(10, 10)
    assert crop_square(image, 3, 2, 4, 4).tolist() == image[2:6, 3:7].tolist()


def test_a_crop_outside_of_the_picture_is_an_error():
    with pytest.raises(ValueError, match="outside"):
        crop_square(np.zeros((10, 10), np.uint8), 20, 20, 4, 4)
