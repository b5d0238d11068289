import cv2
import numpy as np
import pytest

from emotion.inference.detector import MODEL, SIDE, FaceDetector, anchor_centres


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def centre(face) -> tuple[float, float]:
    return face.x + face.width / 2, face.y + face.height / 2


def test_there_is_an_anchor_for_each_answer_of_the_net():
    anchors = anchor_centres()
    assert anchors.shape == (896, 2)
    assert anchors[0] == pytest.approx(anchors[1])  # two for the first cell of sixteen
    assert anchors[0] == pytest.approx([1 / 32, 1 / 32])
    assert anchors[-1] == pytest.approx([15 / 16, 15 / 16])


def test_a_face_is_found_where_it_is(detector, astronaut):
    (face,) = detector.detect(astronaut)
    x, y = centre(face)
    # Her nose lies here; the box holds eyes and mouth.
    assert (x, y) == (pytest.approx(312, abs=15), pytest.approx(195, abs=25))
    assert 120 < face.width < 260
    assert face.width == pytest.approx(face.height, rel=0.2)
    assert 0.8 < face.score <= 1


@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (300, 600)])
def test_the_box_is_in_pixels_of_the_picture_whatever_its_size_and_shape(detector, astronaut, size):
    width, height = size
    scale = width / 640
    canvas = np.zeros((height, width, 3), np.uint8)
    small = cv2.resize(astronaut, (width, round(480 * scale)), interpolation=cv2.INTER_AREA)
    canvas[: small.shape[0]] = small
    (expected,), (face,) = detector.detect(astronaut), detector.detect(canvas)
    pixel = max(size) / 128  # of what the net is shown
    assert centre(face) == pytest.approx([c * scale for c in centre(expected)], abs=3 * pixel)
    assert face.width == pytest.approx(expected.width * scale, rel=0.15)


def test_two_faces_are_two_boxes(detector, two_astronauts):
    first, second = sorted(detector.detect(two_astronauts), key=lambda face: face.x)
    # The same photograph again, 400 pixels to the right.
    assert centre(second) == pytest.approx((centre(first)[0] + 400, centre(first)[1]), abs=12)


@pytest.mark.parametrize("level", [0, 110, 255])
def test_no_face_in_a_plain_picture(detector, level):
    assert detector.detect(np.full((480, 640, 3), level, np.uint8)) == []


def test_no_face_in_noise(detector):
    generator = np.random.default_rng(0)
    for _ in range(5):
        assert detector.detect(generator.integers(0, 256, (480, 640, 3), np.uint8)) == []


@pytest.mark.parametrize("shape", [(32, 1280, 3), (1280, 32, 3), (32, 32, 3)])
def test_the_most_extreme_pictures_that_are_taken_are_no_trouble(detector, shape):
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_the_onnx_file_answers_as_the_one_it_was_made_of(detector, astronaut, two_astronauts):
    original = cv2.dnn.readNetFromTFLite(str(MODEL.with_suffix(".tflite")))
    pictures = [astronaut, two_astronauts, np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)]
    for picture in pictures:
        blob = cv2.dnn.blobFromImage(picture, 1 / 127.5, (SIDE, SIDE), (127.5, 127.5, 127.5), swapRB=True)
        original.setInput(blob)
        expected = original.forward(("regressors", "classificators"))
        answers = detector._net.run(["regressors", "classificators"], {"image": blob})
        for one, other in zip(answers, expected, strict=True):
            assert np.abs(one.reshape(-1) - other.reshape(-1)).max() < 1e-3 * max(1.0, np.abs(other).max())


def test_pictures_of_several_sizes_are_found_together_as_each_alone(detector, astronaut, two_astronauts):
    small = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    blank = np.zeros((480, 640, 3), np.uint8)
    pictures = [astronaut, blank, two_astronauts, small, astronaut, blank]
    for together, picture in zip(detector.detect_many(pictures), pictures, strict=True):
        alone = detector.detect(picture)
        assert len(together) == len(alone)
        for one, other in zip(together, alone, strict=True):
            assert (one.x, one.y, one.width, one.score) == pytest.approx(
                (other.x, other.y, other.width, other.score), abs=0.05
            )
    assert detector.detect_many([]) == []
