import pytest

from emotion.places import LARGEST_SEQUENCE, LONGEST_PLACE_SECONDS, Place, read_place, read_sequence


@pytest.mark.parametrize(("value", "number"), [(0, 0), (7, 7), ("12", 12), (LARGEST_SEQUENCE, LARGEST_SEQUENCE)])
def test_sequences(value, number):
    assert read_sequence(value) == number


@pytest.mark.parametrize("value", [None, ""])
def test_no_sequence(value):
    assert read_sequence(value) is None


@pytest.mark.parametrize(
    "value", [-1, "-1", 1.0, "1.0", True, "one", "9" * 50, LARGEST_SEQUENCE + 1, [1], {"a": 1}, "\u0661", float("nan")]
)
def test_a_sequence_that_is_none(value):
    with pytest.raises(ValueError, match="A frame's sequence is a whole number from 0 to 2147483647"):
        read_sequence(value)


@pytest.mark.parametrize(
    ("block", "seconds", "place"),
    [
        (None, None, Place()),
        ("", "", Place()),
        ("41", "12.5", Place(41, 12.5)),
        (41, 12, Place(41, 12.0)),
        (0, LONGEST_PLACE_SECONDS, Place(0, 86_400.0)),
    ],
)
def test_places(block, seconds, place):
    assert read_place(block, seconds) == place


@pytest.mark.parametrize("block", [-1, "x", 1.5, True, 2**63, [41]])
def test_a_block_that_is_none(block):
    with pytest.raises(ValueError, match="A frame's block is the number of a block in this lesson"):
        read_place(block, 0)


@pytest.mark.parametrize("seconds", [-1, "-0.5", "soon", "nan", float("inf"), "inf", True, 86_401, [5], {"a": 1}])
def test_a_place_that_is_none(seconds):
    with pytest.raises(ValueError, match="a number of seconds from 0 to a day"):
        read_place(None, seconds)
