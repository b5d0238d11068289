"""The pages go slower while the worker is busy, and faster again when it is not."""

import pytest

from emotion.inference import pace
from emotion.inference.pace import FASTEST_SECONDS, SLOWEST_SECONDS, TARGET, Pace


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def run(clock, paced: Pace, frames_a_second_for_one: float, students: int, seconds: int) -> list[float]:
    """Students who keep to the pace, and a worker that needs 1 / frames_a_second_for_one for each frame."""
    utilisations = []
    for _ in range(seconds):
        clock.now += 1
        busy = min(1.0, students / paced.seconds / frames_a_second_for_one)
        utilisations.append(busy)
        paced.add(busy)
    return utilisations


def test_a_crowd_is_slowed_until_the_worker_has_time_to_spare(clock):
    paced = Pace()
    utilisations = run(clock, paced, frames_a_second_for_one=100, students=200, seconds=20)
    assert utilisations[0] == 1.0
    assert utilisations[-1] == pytest.approx(TARGET, abs=0.05)
    assert paced.seconds == pytest.approx(200 / 100 / TARGET, rel=0.1)


def test_it_speeds_up_again_when_they_leave(clock):
    paced = Pace()
    run(clock, paced, 100, students=400, seconds=20)
    assert paced.seconds == SLOWEST_SECONDS
    run(clock, paced, 100, students=2, seconds=20)
    assert paced.seconds == FASTEST_SECONDS


def test_one_slow_batch_does_not_send_everybody_to_the_slowest_pace(clock):
    paced = Pace()
    clock.now = 1
    paced.add(30)
    assert paced.milliseconds == 1500
