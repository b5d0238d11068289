"""A face that hardly moves is followed; anything else is the detector's."""

import time

import cv2
import numpy as np
import pytest
from django.conf import settings

from emotion.inference import tracker
from emotion.inference.engine import Engine
from emotion.inference.results import Face
from emotion.inference.tracker import IN_A_ROW, KEEP_SECONDS, FaceTracker
from tests.emotion.factories import encode


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return Engine(settings.CHECKPOINTS_DIR / "attune", device="cpu")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(shipped, clock, monkeypatch) -> list[int]:
    """How many pictures the detector was handed, by call."""
    handed: list[int] = []
    detect = shipped.detector.detect_many

    def counted(images, each=map):
        handed.append(len(images))
        return detect(images, each)

    monkeypatch.setattr(shipped, "tracker", FaceTracker(clock))
    monkeypatch.setattr(shipped.detector, "detect_many", counted)
    return handed


def moved(picture: np.ndarray, right: float, down: float, light: float = 1.0) -> bytes:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    frame = cv2.warpAffine(picture, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return encode(np.clip(frame * light, 0, 255).astype(np.uint8))


def ask(engine: Engine, jpeg: bytes, session: str = "ada"):
    (result,) = engine.predict([jpeg], [session])
    return result


def test_a_face_that_hardly_moves_is_followed_and_read_alike(shipped, looks, astronaut):
    first = ask(shipped, moved(astronaut, 0, 0))
    for right, down, light in ((12, -8, 1.0), (18, 4, 0.9), (5, 11, 1.05)):
        jpeg = moved(astronaut, right, down, light)
        followed = ask(shipped, jpeg)
        (looked,) = shipped.predict([jpeg])
        assert followed.face.x - first.face.x == pytest.approx(right, abs=4)
        assert followed.face.y - first.face.y == pytest.approx(down, abs=4)
        assert followed.face.width == first.face.width
        assert followed.probabilities["happiness"] == pytest.approx(looked.probabilities["happiness"], abs=0.1)
    assert looks == [1, *([0, 1] * 3)]  # none for the session's frames after the first


def test_the_detector_looks_again_after_a_few_frames(shipped, looks, astronaut):
    jpeg = moved(astronaut, 0, 0)
    for _ in range(IN_A_ROW + 2):
        assert ask(shipped, jpeg).outcome == "face"
    assert looks == [1, *([0] * IN_A_ROW), 1]


def test_a_face_that_moved_far_or_left_is_looked_for(shipped, looks, astronaut):
    ask(shipped, moved(astronaut, 0, 0))
    assert ask(shipped, moved(astronaut, -150, 40)).outcome == "face"
    assert ask(shipped, encode(np.full((480, 640, 3), 110, np.uint8))).outcome == "no_face"
    assert ask(shipped, encode(np.full((480, 640, 3), 110, np.uint8))).outcome == "no_face"
    assert looks == [1, 1, 1, 1]


def test_a_second_face_is_noticed_after_a_few_frames_and_then_each_time(shipped, looks, astronaut, two_astronauts):
    alone = two_astronauts.copy()
    alone[:, 320:] = 0
    assert ask(shipped, encode(alone)).outcome == "face"
    outcomes = [ask(shipped, encode(two_astronauts)).outcome for _ in range(IN_A_ROW + 3)]
    assert outcomes[IN_A_ROW:] == ["several_faces"] * 3


def test_one_student_is_not_mistaken_for_another(shipped, looks, astronaut):
    jpeg = moved(astronaut, 0, 0)
    ask(shipped, jpeg, "ada")
    ask(shipped, jpeg, "bob")
    shipped.predict([jpeg, jpeg], ["ada", "bob"])
    shipped.predict([jpeg])  # a picture of nobody's session
    assert looks == [1, 1, 0, 1]


def test_nothing_of_a_face_is_kept_for_longer_than_some_seconds(shipped, looks, clock, astronaut):
    jpeg = moved(astronaut, 0, 0)
    ask(shipped, jpeg)
    clock.now += KEEP_SECONDS
    ask(shipped, jpeg)
    assert looks == [1, 1]
    assert len(shipped.tracker) == 1
    clock.now += KEEP_SECONDS  # and no further frame comes
    deadline = time.monotonic() + 5
    while len(shipped.tracker):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert KEEP_SECONDS + tracker.SWEEP_SECONDS < 5


def test_who_stopped_is_forgotten_at_once_even_while_a_frame_is_being_read(clock, astronaut):
    faces, grey = FaceTracker(clock), astronaut[::2, ::2]
    face = Face(230, 150, 160, 160, 0.9)
    for session in ("ada", "bob"):
        faces.note(session, grey, 2, [face])

    def stop_meanwhile() -> float:
        faces.forget(["ada"])
        return clock.now

    faces._clock = stop_meanwhile
    faces.follow("ada", grey, 2)
    assert len(faces) == 1
    assert faces.follow("ada", grey, 2) is None


def test_beyond_so_many_sessions_the_detector_looks(clock, astronaut, monkeypatch):
    monkeypatch.setattr(tracker, "MOST_KEPT", 1)
    faces, grey = FaceTracker(clock), astronaut[::2, ::2]
    for session in ("ada", "bob", "ada"):
        faces.note(session, grey, 2, [Face(230, 150, 160, 160, 0.9)])
    assert len(faces) == 1
    assert faces.follow("bob", grey, 2) is None


def test_a_picture_without_contrast_is_never_followed(clock):
    tracker = FaceTracker(clock)
    grey = np.full((240, 320, 3), 90, np.uint8)
    tracker.note("ada", grey, 2, [Face(200, 150, 120, 120, 0.9)])
    assert len(tracker) == 0
