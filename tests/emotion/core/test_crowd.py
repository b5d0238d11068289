"""Whoever subtracts two looks at a class is left with five students or more."""

import random

import pytest

from emotion.core.crowd import fives, hides, in_fives, next_group, told, veil


def people(*ids: int) -> frozenset[int]:
    return frozenset(ids)


FIVE = people(*range(5))


def test_a_class_is_shown_from_five_up():
    assert next_group(people(1, 2, 3, 4), people(), []) is None
    assert next_group(FIVE, people(), []) == FIVE


def test_whoever_comes_or_goes_alone_changes_nobody():
    nine = people(*range(9))
    assert next_group(nine | {9}, nine, [nine]) == nine
    assert next_group(nine - {0}, nine, [nine]) == nine


def test_five_who_come_are_all_added_at_once():
    assert next_group(people(*range(10)), FIVE, [FIVE]) == people(*range(10))


def test_five_of_whom_one_leaves_are_not_shown_until_they_are_back():
    assert next_group(FIVE - {0}, FIVE, [FIVE]) is None
    assert next_group(FIVE - {0} | {7}, FIVE, [FIVE]) is None
    assert next_group(FIVE, FIVE, [FIVE]) == FIVE


def test_a_way_around_over_another_set_is_no_way():
    """Ten, then five of them, then nine: the first and the last differ by one."""
    ten, half = people(*range(10)), people(*range(5))
    assert next_group(ten - {9}, half, [ten, half]) == half


def test_no_two_looks_of_any_history_differ_by_fewer_than_five():
    chance = random.Random(6)
    shown, former = frozenset(), []
    present = set()
    for _ in range(3000):
        present ^= {chance.randrange(25)}
        group = next_group(frozenset(present), shown, former)
        if group is None:
            continue
        assert len(group) >= 5 and len(group & present) >= 5
        shown = group
        if group not in former:
            former.append(group)
    assert len(former) > 3
    assert all(len(a ^ b) >= 5 for a in former for b in former if a != b)


def test_who_waits_is_let_in_by_fives_and_the_last_few_with_them():
    came = [(row, row) for row in range(13)]
    assert fives(came[:4]) == []
    assert fives(came) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, 12]]


def test_one_who_comes_five_times_is_one():
    assert fives([(row, 7) for row in range(9)]) == []
    assert fives([(row, row // 2) for row in range(10)]) == [[*range(9), 9]]


def test_who_is_known_hides_nobody_and_comes_along():
    came = [(row, row) for row in range(9)]
    assert fives(came[:8], known={0, 1, 2, 3}) == []
    assert fives(came, known={0, 1, 2, 3}) == [list(range(9))]
    assert fives(came[:5], known=set(range(9))) == [list(range(5))]
    assert not hides({1, 2, 3, 4, 5, 6}, known={1, 2})
    assert next_group(people(*range(6)), people(), [], known=people(0, 1)) is None
    assert next_group(people(*range(10)), FIVE, [FIVE], known=people(9)) == FIVE


def test_counts_are_told_in_fives():
    assert [in_fives(n) for n in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]


@pytest.mark.parametrize("of", range(5, 40))
def test_no_count_that_is_told_is_of_nobody_or_of_all(of):
    """What is told together are three counts or one in the middle, and every count is in what is told of it."""
    for count in range(of + 1):
        span = told(count, of)
        assert count in span and (len(span) >= 3 or 3 <= count < of - 2)
        assert all(told(other, of) == span for other in span)


def test_where_all_agree_shares_do_not_say_so():
    states = {"engaged": 1.0, "confused": 0.0, "unsure": 0.0}
    one_less = {"engaged": 0.9, "confused": 0.0, "unsure": 0.1}
    assert veil(states, 10, rest="unsure") == veil(one_less, 10, rest="unsure")
    assert veil(states, 10, rest="unsure") == {"engaged": 0.8, "confused": 0.0, "unsure": 0.2}
    nothing_told = {"engaged": 0.0, "confused": 0.0, "unsure": 1.0}
    assert veil(nothing_told, 10, rest="unsure") == nothing_told
    assert veil({"happiness": 1.0, "fear": 0.0, "anger": 0.0}, 5, apart=1) == {
        "happiness": 0.8,
        "fear": 0.1,
        "anger": 0.1,
    }
