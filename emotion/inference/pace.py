"""How often the pages may send a frame, by how busy this worker is."""

from __future__ import annotations

import time

FASTEST_SECONDS, SLOWEST_SECONDS = 0.5, 5.0
TARGET = 0.7  # share of its time that a worker spends on frames; the rest is for what comes in bursts
LOOK_SECONDS = 1.0
MOST_CHANGE = 1.5  # per look, so that one slow batch does not send everybody to the slowest pace


class Pace:
    """The interval that keeps the worker at its target: work is proportional to frames, so the interval follows the
    share of time worked. With several workers each sees its share of every page's frames, and they agree."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._busy = 0.0
        self._since = time.monotonic()

    def add(self, busy_seconds: float) -> None:
        """A batch took this long, from taken to told."""
        self._busy += busy_seconds
        now = time.monotonic()
        elapsed = now - self._since
        if elapsed < LOOK_SECONDS:
            return
        change = min(MOST_CHANGE, max(1 / MOST_CHANGE, self._busy / elapsed / TARGET))
        self.seconds = min(SLOWEST_SECONDS, max(FASTEST_SECONDS, self.seconds * change))
        self._busy, self._since = 0.0, now

    @property
    def milliseconds(self) -> int:
        return round(1000 * self.seconds)
