import math

import pytest

from emotion import metrics
from lms.metrics import minute
from lms.metrics.minute import LastMinute, quantile
from lms.metrics.processes import Publisher

LATENCIES = {0.1: 50, 0.2: 90, 0.4: 98, math.inf: 100}


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.25, 0.05), (0.5, 0.1), (0.7, 0.15), (0.94, 0.3), (0.98, 0.4), (0.99, math.inf)]
)
def test_a_percentile_lies_within_its_bucket(share, seconds):
    assert quantile(share, LATENCIES) == pytest.approx(seconds)


def test_of_nothing_there_is_no_percentile():
    assert quantile(0.5, {}) is None
    assert quantile(0.5, {0.1: 0, math.inf: 0}) is None


def test_what_is_older_than_a_minute_does_not_count(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(minute.time, "monotonic", lambda: now)
    last = LastMinute()
    metrics.FRAMES_ANSWERED.inc(7)
    seconds, counts = last.counted()
    assert (seconds, counts["attune_frames_answered_total"]) == (1, 7)
    for _ in range(12):
        now += 5
        last.look()
    seconds, counts = last.counted()
    assert (seconds, counts["attune_frames_answered_total"]) == (60, 7)
    now += 5
    last.look()
    metrics.FRAMES_ANSWERED.inc(2)
    seconds, counts = last.counted()
    assert (seconds, counts["attune_frames_answered_total"]) == (60, 2)


def test_a_process_that_publishes_forgets_what_is_older_without_redis_too(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(minute.time, "monotonic", lambda: now)
    monkeypatch.setattr(minute, "HERE", LastMinute())
    metrics.FRAMES_ANSWERED.inc(7)
    publisher = Publisher("web", None)
    for _ in range(14):
        now += 5
        publisher.publish()
    seconds, counts = minute.HERE.counted()
    assert (seconds, counts["attune_frames_answered_total"]) == (60, 0)
