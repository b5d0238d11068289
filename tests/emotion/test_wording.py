import pytest

from emotion.core.labels import EXPRESSIONS
from emotion.wording import HINTS, LOOKS, describe
from tests.emotion.factories import make_probabilities


def test_each_expression_has_words_that_ask_rather_than_assert():
    assert set(LOOKS) == set(EXPRESSIONS)
    assert all(words.startswith("Looks ") for words in LOOKS.values())
    assert not any(" is " in f" {words} " for words in LOOKS.values())


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_stands_out_is_named(name):
    assert describe("face", make_probabilities(**{name: 0.6})) == LOOKS[name]


def test_what_does_not_stand_out_is_not_named():
    assert describe("face", make_probabilities(happiness=0.4, neutral=0.38)) == "Looks mixed, hard to say"


def test_a_model_without_contempt_is_described_too():
    assert describe("face", {**make_probabilities(fear=0.9), "contempt": None}) == "Looks uneasy"


@pytest.mark.parametrize("outcome", ["no_face", "several_faces", "unclear"])
def test_without_a_face_there_is_a_hint(outcome):
    assert describe(outcome, None) == HINTS[outcome]
    assert not describe(outcome, None).startswith("Looks")
