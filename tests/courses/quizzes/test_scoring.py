from decimal import Decimal

import pytest

from courses.quizzes import scoring


@pytest.mark.parametrize(
    ("picked", "share"), [([1], 1), ([2], 0), ([], 0), ([1, 2], 0)], ids=["right", "wrong", "none", "both"]
)
def test_one_choice_is_right_or_wrong(picked, share):
    assert scoring.share_of_one(picked, [1]) == share


@pytest.mark.parametrize(
    ("picked", "share"),
    [
        ([1, 2], 1),
        ([1], 0.5),
        ([1, 2, 3], 0.5),  # both right, one of two wrong ones
        ([1, 3], 0),
        ([1, 2, 3, 4], 0),  # everything
        ([3, 4], 0),  # never below nothing
        ([], 0),
    ],
)
def test_several_choices_give_the_right_share_less_the_wrong_one(picked, share):
    assert scoring.share_of_several(picked, right=[1, 2], wrong=[3, 4]) == share


def test_several_choices_that_are_all_right_take_nothing_off():
    assert scoring.share_of_several([1], right=[1, 2], wrong=[]) == 0.5
    assert scoring.share_of_several([1], right=[], wrong=[1]) == 0


@pytest.mark.parametrize(
    ("given", "exact", "share"),
    [
        ("New York", False, 1),
        ("  new   YORK ", False, 1),
        ("NYC", False, 1),
        ("NewYork", False, 0),
        ("", False, 0),
        ("   ", False, 0),
        ("New York", True, 1),
        (" New York ", True, 1),  # what stands around an answer never counts
        ("new york", True, 0),
        ("New  York", True, 0),
    ],
)
def test_short_text(given, exact, share):
    assert scoring.share_of_text(given, ["New York", "NYC"], exact=exact) == share


def test_letters_that_look_the_same_are_the_same():
    assert scoring.share_of_text("cafe\u0301", ["caf\u00e9"]) == 1
    assert scoring.share_of_text("cafe\u0301", ["caf\u00e9"], exact=True) == 1
    assert scoring.share_of_text("STRASSE", ["straße"]) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        (" 3 ", "3"),
        ("-0,25", "-0.25"),
        ("\N{MINUS SIGN}2", "-2"),
        ("+4", "4"),
        ("1 000", "1000"),
        ("1\u00a0000,5", "1000.5"),
        ("1.000,5", "1000.5"),
        ("1,000.5", "1000.5"),
        ("1'000", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("6.02e23", "6.02e23"),
        ("1E-3", "0.001"),
    ],
)
def test_numbers_as_people_write_them(text, number):
    assert scoring.parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "abc", "1/2", "3 kg", "--1", "1e", "nan", "inf", "1e999", "0x10", "1.2.3", "9" * 50]
)
def test_what_is_no_number(text):
    assert scoring.parse_number(text) is None
    assert scoring.share_of_number(text, 0, 1000) == 0


@pytest.mark.parametrize(
    ("given", "number", "tolerance", "share"),
    [
        ("0.3", 0.2, 0.1, 1),  # in binary 0.3 - 0.2 is less than 0.1 is more
        ("0.1", 0.2, 0.1, 1),
        ("0.30001", 0.2, 0.1, 0),
        ("8,2", 8.3, 0.1, 1),
        ("42", 42.0, 0, 1),
        ("42.0", 42.0, 0, 1),
        ("42.0001", 42.0, 0, 0),
        ("6.02e23", 6.022e23, 1e21, 1),
    ],
)
def test_a_number_within_its_tolerance(given, number, tolerance, share):
    assert scoring.share_of_number(given, number, tolerance) == share


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ({1: "Paris", 2: "Rome"}, 1),
        ({1: "Paris"}, 0.5),
        ({1: "Rome", 2: "Paris"}, 0),
        ({1: "Paris", 2: "Rome", 9: "Oslo"}, 1),  # a row that is gone since
        ({}, 0),
    ],
)
def test_pairs(given, share):
    assert scoring.share_of_pairs(given, {1: "Paris", 2: "Rome"}) == share
    assert scoring.share_of_pairs({}, {}) == 0


def test_order_is_all_or_nothing():
    assert scoring.share_of_order({7: 1, 8: 2, 9: 3}, [7, 8, 9]) == 1
    assert scoring.share_of_order({7: 1, 8: 3, 9: 2}, [7, 8, 9]) == 0
    assert scoring.share_of_order({7: 1, 8: 2}, [7, 8, 9]) == 0
    assert scoring.share_of_order({}, []) == 0


def test_gaps_are_read_from_the_prompt():
    assert scoring.gaps_of("{{a|b}} and {{ c }}, no { } gap") == [["a", "b"], ["c"]]
    assert scoring.gaps_of("{{ | }}") == [[]]
    assert scoring.gaps_of("none") == []


@pytest.mark.parametrize(
    ("given", "share"), [(["A", "c"], 1), (["b", "x"], 0.5), (["", ""], 0), (["a"], 0.5), ([], 0), (["a", "c", "z"], 1)]
)
def test_gaps_count_each(given, share):
    assert scoring.share_of_gaps(given, [["a", "b"], ["c"]]) == share
    assert scoring.share_of_gaps(given, []) == 0


def test_capitals_can_count_in_gaps():
    assert scoring.share_of_gaps(["A", "c"], [["a"], ["c"]], exact=True) == 0.5


def test_percent():
    assert scoring.percent(2, 3) == 67
    assert scoring.percent(0, 3) == 0
    assert scoring.percent(0, 0) == 100
