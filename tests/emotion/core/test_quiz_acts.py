"""What a quiz that was handed in says: which answers are guesses, and how many acts it makes."""

import pytest

from emotion.core.labels import BEHAVIOURS
from emotion.core.quiz_acts import Answered, is_rapid, quiz_acts


@pytest.mark.parametrize(("characters", "limit"), [(1, 3), (199, 3), (200, 5), (999, 5), (1000, 10), (30_000, 10)])
def test_the_longer_a_question_the_longer_it_takes_to_read(characters, limit):
    assert is_rapid(Answered(0, characters, limit - 0.1))
    assert not is_rapid(Answered(0, characters, limit))


def test_what_took_nobody_knows_how_long_is_no_guess():
    assert not is_rapid(Answered(0, 5000, None))


def test_an_act_for_each_answer_and_a_guess_besides():
    acts = quiz_acts([Answered(1, 100, 30), Answered(0, 100, 30), Answered(0.5, 100, 1)])
    assert sorted(acts) == ["quiz_right", "quiz_wrong", "quiz_wrong", "rapid_guess"]
    assert set(acts) <= set(BEHAVIOURS)


def test_a_quick_right_answer_was_no_guess():
    assert quiz_acts([Answered(1, 100, 0.5)]) == ["quiz_right"]


def test_a_long_quiz_says_no_more_than_a_short_one():
    assert sorted(quiz_acts([Answered(0, 100, 1)] * 40)) == ["quiz_wrong"] * 3 + ["rapid_guess"] * 3
    assert quiz_acts([]) == []
