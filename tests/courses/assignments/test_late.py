from datetime import UTC, datetime, timedelta

import pytest

from courses.assignments.late import days_late, percent_off, reduced

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "days"),
    [
        (timedelta(days=-3), 0),
        (timedelta(0), 0),
        (timedelta(microseconds=1), 1),
        (timedelta(hours=24), 1),
        (timedelta(hours=24, seconds=1), 2),
        (timedelta(days=9, hours=1), 10),
    ],
)
def test_each_day_that_began_counts(after, days):
    assert days_late(DUE, DUE + after) == days


def test_without_a_date_nothing_is_late():
    assert days_late(None, DUE) == days_late(DUE, None) == 0


def test_never_more_than_everything_is_taken_off():
    assert percent_off(3, 20) == 60
    assert percent_off(30, 20) == 100
    assert reduced(9, 3, 20) == 3.6
    assert reduced(9, 30, 20) == 0
    assert reduced(7.77, 1, 33) == 5.21
