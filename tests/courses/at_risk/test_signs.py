from datetime import UTC, datetime, timedelta

import pytest

from courses.at_risk.signs import Facts, score_of, signs_of

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def told(class_completed: float = 0, joined: int = 60, seen: int | None = 0, **facts) -> list[tuple[str, int]]:
    at = None if seen is None else NOW - timedelta(days=seen)
    given = Facts(joined_at=NOW - timedelta(days=joined), last_seen_at=at, **facts)
    return [(sign.words, sign.points) for sign in signs_of(given, now=NOW, class_completed=class_completed)]


@pytest.mark.parametrize(("days", "points"), [(6, None), (7, 1), (13, 1), (14, 2), (21, 3), (90, 3)])
def test_silence_weighs_more_the_longer_it_lasts(days, points):
    assert told(seen=days) == ([] if points is None else [(f"Inactive for {days} days", points)])


def test_who_joined_a_week_ago_and_has_not_begun_is_seen():
    assert told(joined=6, seen=None) == []
    assert told(joined=9, seen=None) == [("Joined 9 days ago, has not begun", 2)]


def test_quizzes_that_were_not_passed_add_up_to_a_limit():
    assert told(failed=[("Means", 1)]) == [("Did not pass “Means”", 1)]
    many = told(failed=[("Means", 1), ("Spread", 2), ("Charts", 3), ("Chance", 4)])
    assert many == [("Did not pass “Chance” in 4 attempts", 2), ("Did not pass “Charts” in 3 attempts", 2)]


def test_dates_that_were_missed_add_up_to_a_limit():
    assert told(overdue=["Essay", "Report", "Talk"]) == [("“Essay” is overdue", 2), ("“Report” is overdue", 2)]


def test_half_of_what_the_class_completed_is_behind_and_a_little_less_is_not():
    assert told(class_completed=6, completed=4) == []
    assert told(class_completed=6, completed=3) == [("Completed 3 lessons; the middle of the class 6", 2)]
    assert told(class_completed=2, completed=0) == []  # too early to tell


def test_a_score_is_the_sum_of_what_is_written_out():
    facts = Facts(joined_at=NOW - timedelta(days=60), last_seen_at=NOW - timedelta(days=15), failed=[("Means", 2)])
    assert score_of(signs_of(facts, now=NOW, class_completed=0)) == 4
