from decimal import Decimal as D

import pytest

from courses.gradebook.calculation import Category, rounded, total_of

MOST = {"q1": D(10), "q2": D(20), "a1": D(100), "a2": D(0)}


def category(id, weight, *keys, drop=0):
    return Category(id, str(id), D(weight), keys, drop)


def test_without_categories_points_count_by_their_worth():
    total = total_of([category(None, 100, "q1", "q2")], MOST, {"q1": D(10), "q2": D(10)})
    assert rounded(total.percent) == D("66.7")


def test_categories_count_by_their_weight():
    plan = [category(1, 30, "q1", "q2"), category(2, 70, "a1")]
    total = total_of(plan, MOST, {"q1": D(10), "q2": D(20), "a1": D(50)})
    assert total.percent == D(65)
    assert total.categories == {1: D(100), 2: D(50)}


def test_a_category_without_marks_spreads_its_weight():
    plan = [category(1, 30, "q1"), category(2, 50, "a1"), category(3, 20, "q2")]
    total = total_of(plan, MOST, {"q1": D(5), "a1": D(100)})
    assert rounded(total.percent) == rounded((D(30) * 50 + D(50) * 100) / 80)


def test_nothing_marked_is_no_total():
    assert total_of([category(1, 100, "q1")], MOST, {}).percent is None
    assert rounded(None) is None


def test_what_is_missing_counts_as_zero_only_when_asked():
    plan = [category(1, 100, "q1", "q2")]
    assert total_of(plan, MOST, {"q1": D(10)}).percent == 100
    assert rounded(total_of(plan, MOST, {"q1": D(10)}, missing_is_zero=True).percent) == D("33.3")


def test_the_lowest_is_left_out_but_never_the_only_one():
    plan = [category(1, 100, "q1", "q2", drop=1)]
    total = total_of(plan, MOST, {"q1": D(2), "q2": D(20)})
    assert (total.percent, total.dropped) == (100, frozenset({"q1"}))
    alone = total_of(plan, MOST, {"q1": D(2)})
    assert (alone.percent, alone.dropped) == (20, frozenset())


def test_of_equals_the_one_worth_more_is_left_out():
    total = total_of([category(1, 100, "q1", "q2", drop=1)], MOST, {"q1": D(5), "q2": D(10)})
    assert total.dropped == frozenset({"q2"})


def test_excused_counts_nowhere_even_when_missing_is_zero():
    plan = [category(1, 100, "q1", "q2")]
    assert total_of(plan, MOST, {"q1": D(10)}, excused={"q2"}, missing_is_zero=True).percent == 100


def test_what_is_worth_nothing_changes_nothing():
    assert total_of([category(1, 100, "a2", "q1")], MOST, {"a2": D(0), "q1": D(5)}).percent == 50


@pytest.mark.parametrize(("points", "shown"), [("1.005", "10.1"), ("1.0049", "10.0"), ("1.0051", "10.1")])
def test_halves_are_rounded_up_once(points, shown):
    assert rounded(total_of([category(1, 100, "q1")], MOST, {"q1": D(points)}).percent) == D(shown)


@pytest.mark.parametrize("seed", range(30))
def test_a_total_lies_between_the_lowest_and_the_highest_mark(seed):
    import random

    chance = random.Random(seed)
    keys = [f"k{i}" for i in range(chance.randint(1, 9))]
    most = {key: D(chance.randint(1, 100)) for key in keys}
    scores = {key: most[key] * chance.randint(0, 100) / 100 for key in keys if chance.random() < 0.8}
    cut = chance.randint(0, len(keys))
    plan = [
        category(1, chance.randint(1, 99), *keys[:cut], drop=chance.randint(0, 2)),
        category(2, chance.randint(1, 99), *keys[cut:]),
    ]
    total = total_of(plan, most, scores)
    if not scores:
        assert total.percent is None
        return
    shares = [scores[key] / most[key] * 100 for key in scores]
    assert min(shares) - D("1e-20") <= total.percent <= max(shares) + D("1e-20")
