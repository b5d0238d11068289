"""Who is let into an aggregate: five and more at a time, together for good, and gone together."""

import pytest

from emotion import consents, fives
from emotion.consents import Choices
from emotion.fives import Arrival, let_in, who_is_known
from emotion.models import ClassFives
from tests.emotion.factories import SHARED

pytestmark = pytest.mark.django_db


def came(*students: int, kind: int = 0) -> list[Arrival]:
    """Student 7 comes with row 107."""
    return [Arrival(100 + student, student, kind) for student in students]


def shown(course, arrivals) -> set[int]:
    rows = let_in(course_id=course.pk, arrivals={"a part": arrivals})["a part"]
    return {row - 100 for row in rows}


def test_nobody_below_five_and_nothing_is_written_down(course):
    assert shown(course, came(1, 2, 3, 4)) == set()
    assert not ClassFives.objects.exists()


def test_whoever_comes_later_waits_for_four_more(course):
    assert shown(course, came(*range(7))) == set(range(7))
    assert shown(course, came(*range(11))) == set(range(7))
    assert shown(course, came(*range(12))) == set(range(12))


def test_who_was_let_in_together_goes_together_and_does_not_come_back(course):
    """Or the difference between before and after would be the one who erased."""
    shown(course, came(*range(5)))
    assert shown(course, came(*range(10))) == set(range(10))
    rest = [n for n in range(10) if n != 2]
    assert shown(course, came(*rest)) == {5, 6, 7, 8, 9}
    assert shown(course, came(*rest, *range(20, 24))) == {5, 6, 7, 8, 9}
    assert shown(course, came(*rest, *range(20, 25))) == {5, 6, 7, 8, 9, *range(20, 25)}


def test_who_is_away_for_a_while_brings_the_others_back(course):
    shown(course, came(*range(5)))
    assert shown(course, came(1, 2, 3, 4)) == set()
    assert shown(course, came(*range(5))) == set(range(5))


def test_those_whose_own_history_is_known_hide_nobody(course, monkeypatch):
    monkeypatch.setattr(fives, "who_is_known", lambda _course: {0, 1, 2, 3})
    assert shown(course, came(*range(8))) == set()
    assert shown(course, came(*range(9))) == set(range(9))


@pytest.mark.parametrize("choices", [SHARED, Choices(camera=True, history=True, share_for_research=True)])
def test_known_is_who_shares_and_whose_rows_are_in_files_for_research(choices, course, alice):
    """Also later: what was read or handed over before stays with whoever has it."""
    consents.give_consent(user=alice, course=course, choices=Choices(camera=True, history=True))
    assert who_is_known(course.pk) == set()
    consents.give_consent(user=alice, course=course, choices=choices)
    assert who_is_known(course.pk) == {alice.pk}
    consents.give_consent(user=alice, course=course, choices=Choices(camera=True, history=True))
    assert who_is_known(course.pk) == {alice.pk}
    consents.withdraw_consent(user=alice, course=course)
    assert who_is_known(course.pk) == {alice.pk}


def test_kinds_do_not_mix(course):
    assert shown(course, [*came(1, 2, 3), *came(4, 5, 6, kind=7)]) == set()
    assert shown(course, [*came(1, 2, 3), *came(4, 5, 6, 8, 9, kind=7)]) == {4, 5, 6, 8, 9}


def test_aggregates_do_not_know_of_each_other(course, django_assert_num_queries):
    with django_assert_num_queries(
        7
    ):  # what is kept; who is known; begin; two that are new; those, locked; their groups; end
        both = let_in(course_id=course.pk, arrivals={"a": came(*range(5)), "b": came(*range(3, 9)), "c": []})
    assert {what: len(rows) for what, rows in both.items()} == {"a": 5, "b": 6, "c": 0}
    with django_assert_num_queries(1):
        let_in(course_id=course.pk, arrivals={"a": came(*range(5)), "b": came(*range(3, 9))})
