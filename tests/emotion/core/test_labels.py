import numpy as np
import pytest

from emotion.core.labels import ALIASES, EXPRESSIONS, EXPRESSIONS_7, FER2013_CODES, canonical
from training.data.fer2013 import load_fer2013

# What the data set's own description says of its column `emotion`.
FER2013_WORDS = {0: "Angry", 1: "Disgust", 2: "Fear", 3: "Happy", 4: "Sad", 5: "Surprise", 6: "Neutral"}


def test_the_order_is_the_one_that_checkpoints_were_trained_in():
    assert EXPRESSIONS == (
        "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    )  # fmt: skip
    assert "contempt" not in EXPRESSIONS_7
    assert EXPRESSIONS[:7] == EXPRESSIONS_7


def test_fer2013_codes_mean_what_its_description_says():
    assert [canonical(FER2013_WORDS[code]) for code in range(7)] == list(FER2013_CODES)


def test_a_fer2013_row_of_each_code_gets_the_class_of_its_name(tmp_path):
    pixels = " ".join(["0"] * (48 * 48))
    rows = "".join(f"{code},{pixels},Training\n" for code in range(7))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + rows)
    split = load_fer2013(tmp_path / "fer2013.csv").split("Training")
    names = [EXPRESSIONS_7[label] for label in split.labels("fer2013")]
    assert names == [canonical(word) for word in FER2013_WORDS.values()]
    assert np.array_equal(split.targets["fer2013"].sum(axis=1), np.ones(7))


@pytest.mark.parametrize(
    ("word", "name"),
    [("Happy", "happiness"), (" surprised ", "surprise"), ("SAD", "sadness"), ("contempt", "contempt")],
)
def test_words_of_other_data_sets_are_understood(word, name):
    assert canonical(word) == name


def test_every_alias_leads_to_an_expression():
    assert {canonical(alias) for alias in ALIASES} <= set(EXPRESSIONS)


@pytest.mark.parametrize("word", ["joyful", "", "happy sad"])
def test_an_unknown_word_is_named_with_what_is_known(word):
    with pytest.raises(ValueError, match=f"'{word}' is not an expression; known ones: neutral, happiness"):
        canonical(word)
