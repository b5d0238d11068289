"""Whoever subtracts two looks at a class is left with five students or more."""

import random

from emotion.core.crowd import in_fives, next_group


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


def test_counts_are_told_in_fives():
    assert [in_fives(n) for n in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]
