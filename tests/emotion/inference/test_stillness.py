"""A photo before the camera, a stuck camera and a clip that repeats are noticed; somebody who sits still is not."""

import cv2
import numpy as np
import pytest
from django.conf import settings

from emotion.inference.engine import Engine
from emotion.inference.stillness import FORGET_SECONDS, KEPT, LASTING_SECONDS, Stillness
from emotion.wording import describe
from tests.emotion.factories import encode
from tests.pictures import as_new

MINUTE = int(LASTING_SECONDS)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stillness(clock) -> Stillness:
    return Stillness(clock)


@pytest.fixture(scope="module")
def face(astronaut) -> np.ndarray:
    """At the size that the page sends."""
    return cv2.resize(astronaut, (480, 360), interpolation=cv2.INTER_AREA)


def through_a_sensor(picture: np.ndarray, number: int, *, right: float = 0.0, down: float = 0.0, noise: float = 3.0):
    """(JPEG, picture as decoded): moved by so many pixels, with a webcam's noise."""
    moved = cv2.warpAffine(
        picture, np.float32([[1, 0, right], [0, 1, down]]), (480, 360), borderMode=cv2.BORDER_REPLICATE
    )
    noisy = moved + np.random.default_rng(number).normal(0, noise, moved.shape)
    jpeg = encode(np.clip(noisy, 0, 255).astype(np.uint8))
    return jpeg, cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)


def watch(stillness: Stillness, clock: Clock, frames) -> list[bool]:
    said = []
    for jpeg, image in frames:
        said.append(stillness.is_dead("a", jpeg, image))
        clock.now += 1
    return said


def test_a_photo_before_the_camera_is_noticed_after_a_minute(stillness, clock, face):
    said = watch(stillness, clock, (through_a_sensor(face, n) for n in range(MINUTE + 5)))
    assert said == [False] * MINUTE + [True] * 5
    # Somebody comes before it: at once it is read again, and for another minute.
    moved = (through_a_sensor(face, n, right=3) for n in range(100, 110))
    assert watch(stillness, clock, moved) == [False] * 10


def test_a_stuck_camera_is_noticed_after_a_minute(stillness, clock, face):
    frame = through_a_sensor(face, 0)
    assert watch(stillness, clock, [frame] * (MINUTE + 3)) == [False] * MINUTE + [True] * 3


@pytest.mark.parametrize("pixels", [1.0, 2.0, 8.0])
def test_somebody_who_sits_as_still_as_one_can_is_read_on(stillness, clock, face, pixels):
    """Breath and pulse move a head by a pixel of 480 across."""
    living = (
        through_a_sensor(face, n, right=pixels * np.sin(n / 2), down=pixels * np.cos(n / 3)) for n in range(2 * MINUTE)
    )
    assert not any(watch(stillness, clock, living))


def test_one_blink_in_a_minute_is_life(stillness, clock, face):
    closed = face.copy()
    for column in (205, 258):  # the eyes, 30 by 12 pixels: as dark lids
        closed[120:132, column : column + 30] = (closed[150:162, column : column + 30] * 0.7).astype(np.uint8)
    frames = (through_a_sensor(closed if n % 55 == 54 else face, n) for n in range(2 * MINUTE))
    assert not any(watch(stillness, clock, frames))


def test_a_clip_that_repeats_is_noticed_once_it_has_for_a_minute(stillness, clock, face):
    clip = [through_a_sensor(face, n, right=9 * np.sin(n)) for n in range(20)]
    said = watch(stillness, clock, clip * 6)
    assert not any(said[: 20 + MINUTE])
    assert all(said[-20:])
    # The camera again.
    assert not any(watch(stillness, clock, [through_a_sensor(face, n, right=9 * np.sin(n)) for n in range(50, 70)])[6:])


def test_the_same_picture_in_files_that_differ_is_no_repeat(stillness, clock, face):
    clip = [through_a_sensor(face, n, right=9 * np.sin(n)) for n in range(20)]
    numbered = [(as_new(jpeg, n), image) for n, (jpeg, image) in enumerate(clip * 6)]
    assert not any(watch(stillness, clock, numbered))


def test_sessions_are_apart_and_nothing_is_kept_of_one_that_ended(stillness, clock, face):
    frame = through_a_sensor(face, 0)
    watch(stillness, clock, [frame] * (MINUTE + 1))
    assert not stillness.is_dead("b", *frame)
    assert stillness.is_dead("a", *frame)
    stillness.forget(["a"])
    assert not stillness.is_dead("a", *frame)
    clock.now += FORGET_SECONDS + 1
    stillness.is_dead("c", *frame)
    assert len(stillness) == 1


def test_what_is_kept_is_small_and_no_picture(stillness, clock, face):
    jpeg, image = through_a_sensor(face, 0)
    for number in range(KEPT + 50):
        stillness.is_dead("a", as_new(jpeg, number), image)
    known = stillness._sessions["a"]
    assert (known.anchor.nbytes, known.hashes.nbytes) == (32 * 4, 8 * KEPT)
    assert len(known.lately) <= 20


def test_the_engine_reads_no_feeling_from_it_and_says_why(clock, face):
    engine = Engine(settings.CHECKPOINTS_DIR / "attune", device="cpu")
    engine.stillness = Stillness(clock)
    said = []
    for number in range(3):
        (result,) = engine.predict([through_a_sensor(face, number)[0]], ["a"])
        said.append((result.outcome, result.reason, result.probabilities is None))
        clock.now += MINUTE
        engine.stillness._sessions["a"].still_frames += MINUTE // 2
        engine.stillness._sessions["a"].seen_at = clock.now
    assert said == [("face", "", False), ("unclear", "not_moving", True), ("unclear", "not_moving", True)]
    assert describe(*("unclear", None, "not_moving")).startswith("The picture does not move")
    # A file on a disk is no camera: predict_fer names no session.
    assert engine.predict([through_a_sensor(face, 9)[0]])[0].outcome == "face"
