"""What being late costs."""

import math
from datetime import datetime

DAY = 24 * 3600


def days_late(due_at: datetime | None, at: datetime | None) -> int:
    """Days that began after it was due: a second late is one day, 24 hours and a second are two. 0 when in time."""
    if due_at is None or at is None:
        return 0
    return max(0, math.ceil((at - due_at).total_seconds() / DAY))


def percent_off(days: int, percent_a_day: int) -> int:
    return min(100, days * percent_a_day)


def reduced(points: float, days: int, percent_a_day: int) -> float:
    """The points that remain, to two decimals."""
    return round(points * (100 - percent_off(days, percent_a_day)) / 100, 2)
