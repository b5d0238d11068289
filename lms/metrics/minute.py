"""The last minute of what this process counts. Prometheus has it from what it read before; a page has nobody before."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping

from emotion import metrics

LENGTH_SECONDS = 60
COUNTED = (
    metrics.FRAMES_TAKEN,
    metrics.FRAMES_ANSWERED,
    metrics.FRAMES_DROPPED,
    metrics.ANSWER_SECONDS,
    metrics.BATCH_SIZE,
    metrics.BATCH_SECONDS,
)
Counts = dict[str, float]  # by the sample's name and its labels' values: "attune_frames_dropped_total late"


def counts() -> Counts:
    """Since the process began."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for counted in COUNTED
        for metric in counted.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


class LastMinute:
    """Remembers what was counted when somebody last looked; `look` is to be called every few seconds."""

    def __init__(self) -> None:
        self._looks = deque([(time.monotonic(), counts())])

    def look(self) -> None:
        now = time.monotonic()
        self._looks.append((now, counts()))
        while len(self._looks) > 1 and now - self._looks[1][0] >= LENGTH_SECONDS:
            self._looks.popleft()

    def counted(self) -> tuple[float, Counts]:
        """Over how many seconds (a minute, fewer while the process is young), and what in them."""
        since, before = self._looks[0]
        seconds = max(1.0, time.monotonic() - since)
        return seconds, {name: value - before.get(name, 0) for name, value in counts().items()}


HERE = LastMinute()


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """The value below which `share` of a histogram's observations lie; `buckets` are cumulative counts by upper bound.

    Interpolated within a bucket, as Prometheus's histogram_quantile does; infinite beyond the last finite bound, and
    None where nothing was observed.
    """
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    rank = share * buckets[bounds[-1]]
    lower, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if math.isinf(bound):
                return math.inf
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((rank - below) / inside if inside else 1.0)
        lower, below = bound, buckets[bound]
    return math.inf
