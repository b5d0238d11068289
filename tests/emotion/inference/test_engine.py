"""The shipped model on real pictures: what a student in front of a webcam is told."""

import json

import cv2
import numpy as np
import pytest
from django.conf import settings

from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import CheckpointError
from emotion.inference.engine import Engine
from emotion.inference.results import Face
from tests.emotion.core.factories import make_checkpoint
from tests.emotion.factories import encode

SHIPPED = settings.CHECKPOINTS_DIR / "attune"


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(SHIPPED, device="cpu")
    engine.warm_up()
    return engine


@pytest.fixture
def tiny(tmp_path) -> Engine:
    """An engine of one's own to tamper with."""
    make_checkpoint(tmp_path)
    return Engine(tmp_path, device="cpu")


@pytest.fixture(scope="module")
def smile(astronaut) -> bytes:
    return encode(astronaut)


@pytest.fixture(scope="module")
def blank() -> bytes:
    return encode(np.full((480, 640, 3), 110, np.uint8))


@pytest.fixture(scope="module")
def pair(two_astronauts) -> bytes:
    return encode(two_astronauts)


def test_a_smile_is_read_as_happiness(engine, smile):
    (result,) = engine.predict([smile])
    assert result.outcome == "face"
    assert list(result.probabilities) == list(EXPRESSIONS)
    assert max(result.probabilities, key=result.probabilities.get) == "happiness"
    assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert all(0 <= value <= 1 for value in result.probabilities.values())
    assert result.face.width > 100


def test_a_smile_stays_one_at_other_sizes_and_qualities(engine, astronaut):
    small = cv2.resize(astronaut, (320, 240), interpolation=cv2.INTER_AREA)
    rough = cv2.imencode(".jpg", astronaut, [cv2.IMWRITE_JPEG_QUALITY, 40])[1].tobytes()
    for result in engine.predict([encode(small), rough, encode(astronaut[:, ::-1])]):
        assert max(result.probabilities, key=result.probabilities.get) == "happiness"


def test_a_plain_wall_is_no_face(engine, blank):
    (result,) = engine.predict([blank])
    assert (result.outcome, result.probabilities) == ("no_face", None)


def test_two_people_are_not_read(engine, pair):
    (result,) = engine.predict([pair])
    assert (result.outcome, result.probabilities, result.face) == ("several_faces", None, None)


@pytest.mark.parametrize("data", [b"no picture", b"\xff\xd8\xff\xe0" + b"\0" * 500, b"\xff\xd8\xff\xd9", b""])
def test_what_cannot_be_decoded_is_unclear(engine, data):
    (result,) = engine.predict([data])
    assert (result.outcome, result.probabilities) == ("unclear", None)


def test_a_face_of_too_few_pixels_is_unclear(engine, astronaut):
    frame = np.full((160, 200, 3), 110, np.uint8)
    frame[30:126, 30:158] = cv2.resize(astronaut, (128, 96), interpolation=cv2.INTER_AREA)
    (result,) = engine.predict([encode(frame)])
    assert (result.outcome, result.probabilities, result.reason) == ("unclear", None, "too_small")


def test_a_dark_or_blurred_picture_is_unclear_and_says_so(engine, astronaut):
    dark = (astronaut * 0.12).astype(np.uint8)
    blurred = cv2.GaussianBlur(astronaut, (0, 0), 8)
    glaring = np.clip(astronaut * 0.1 + 235, 0, 255).astype(np.uint8)
    engine_sees = engine.predict([encode(dark), encode(blurred), encode(glaring)])
    assert [result.reason for result in engine_sees if result.outcome == "unclear"] == [
        "too_dark",
        "too_blurred",
        "too_bright",
    ]


@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_a_tilted_head_is_levelled_and_read_as_an_upright_one(engine, astronaut, smile, degrees):
    (upright,) = engine.predict([smile])
    centre = (upright.face.x + upright.face.width / 2, upright.face.y + upright.face.height / 2)
    turned = cv2.warpAffine(
        astronaut, cv2.getRotationMatrix2D(centre, degrees, 1), (640, 480), borderMode=cv2.BORDER_REPLICATE
    )
    (result,) = engine.predict([encode(turned)])
    assert result.face.tilt == pytest.approx(upright.face.tilt - degrees, abs=8)
    assert result.probabilities["happiness"] == pytest.approx(upright.probabilities["happiness"], abs=0.15)


def test_a_head_on_its_side_is_not_read(engine, astronaut):
    (result,) = engine.predict([encode(cv2.resize(np.rot90(astronaut), (480, 640)))])
    assert result.outcome in ("no_face", "unclear")


def test_a_small_face_in_a_large_frame_is_read_from_all_its_pixels(engine, astronaut):
    frame = np.full((960, 1280, 3), 110, np.uint8)
    frame[200:680, 300:940] = astronaut
    (result,) = engine.predict([encode(frame)])
    assert max(result.probabilities, key=result.probabilities.get) == "happiness"
    assert 300 < result.face.x < 940


def test_more_threads_decode_to_the_same_answers(tmp_path, smile, blank):
    make_checkpoint(tmp_path)
    frames = [smile, blank, b"no picture", smile]
    one, three = (Engine(tmp_path, device="cpu", threads=n).predict(frames) for n in (1, 3))
    assert [r.outcome for r in one] == [r.outcome for r in three]
    assert one[0].probabilities == pytest.approx(three[0].probabilities, abs=1e-5)


def test_results_keep_the_order_of_their_frames(engine, smile, blank, pair):
    frames = [blank, smile, b"no picture", pair, smile, blank]
    results = engine.predict(frames)
    assert [r.outcome for r in results] == ["no_face", "face", "unclear", "several_faces", "face", "no_face"]
    (alone,) = engine.predict([smile])
    for result in (results[1], results[4]):
        assert result.probabilities == pytest.approx(alone.probabilities, abs=1e-4)


def test_no_frames_no_results(engine):
    assert engine.predict([]) == []


def test_a_passer_by_far_behind_does_not_count_as_a_second_face(tiny, smile):
    # The detector sees a 640x480 frame at half its size; a result's box is in pixels of the frame.
    near, far = Face(100, 50, 100, 100, 0.9), Face(10, 10, 30, 30, 0.95)
    tiny.detector.detect_many = lambda images, each: [[far, near]]
    (result,) = tiny.predict([smile])
    assert (result.outcome, result.face) == ("face", Face(200, 100, 200, 200, 0.9))
    tiny.detector.detect_many = lambda images, each: [[near, Face(10, 10, 40, 40, 0.6)]]
    assert tiny.predict([smile])[0].outcome == "several_faces"


def test_a_face_beyond_the_picture_spoils_nobody_elses_answer(tiny, smile, blank):
    boxes = [[Face(5000, 5000, 100, 100, 0.9)], [Face(100, 50, 100, 100, 0.9)]]
    tiny.detector.detect_many = lambda images, each: boxes
    assert [result.outcome for result in tiny.predict([blank, smile])] == ["unclear", "face"]


def test_a_model_of_seven_classes_leaves_contempt_empty(tmp_path, smile):
    make_checkpoint(tmp_path)
    (result,) = Engine(tmp_path, device="cpu", head="fer2013").predict([smile])
    assert result.probabilities["contempt"] is None
    assert sum(value for value in result.probabilities.values() if value is not None) == pytest.approx(1, abs=1e-4)


def test_a_temperature_makes_answers_milder_and_keeps_their_order(tmp_path, smile):
    make_checkpoint(tmp_path)
    sharp = Engine(tmp_path, device="cpu").predict([smile])[0].probabilities
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "temperatures": {"ferplus": 5.0}}))
    mild = Engine(tmp_path, device="cpu").predict([smile])[0].probabilities
    assert max(mild.values()) < max(sharp.values())
    assert sorted(mild, key=mild.get) == sorted(sharp, key=sharp.get)


def test_a_checkpoint_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        Engine(tmp_path / "nowhere", device="cpu")
