import numpy as np
import pytest

from tests.training.factories import synthetic_split
from training.data.dataset import FaceSplit, hold_out


def numbered(labels: list[int]) -> FaceSplit:
    """Faces whose pixels say which row they were."""
    pixels = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    return FaceSplit(pixels, {"fer2013": np.eye(7, dtype=np.float32)[labels]})


def rows_of(split: FaceSplit) -> list[int]:
    return split.pixels[:, 0, 0].tolist()


def test_a_part_is_held_out_and_none_is_in_both():
    split = numbered([0] * 40 + [1] * 20 + [2] * 60)
    kept, held = hold_out(split, "fer2013", 0.1, seed=0)
    assert sorted(rows_of(kept) + rows_of(held)) == list(range(120))
    assert np.bincount(held.labels("fer2013"), minlength=3).tolist() == [4, 2, 6]  # of each class its share
    assert np.array_equal(kept.labels("fer2013"), split.labels("fer2013")[rows_of(kept)])


def test_the_same_seed_holds_out_the_same():
    split = synthetic_split(70)
    first, again, other = (hold_out(split, "fer2013", 0.2, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("fraction", [0.0, 0.5])
def test_nothing_or_half(fraction):
    kept, held = hold_out(numbered([0] * 10 + [1] * 10), "fer2013", fraction, seed=0)
    assert (len(kept), len(held)) == (20 - 20 * fraction, 20 * fraction)


def test_rows_without_a_label_are_told_apart():
    targets = np.array([[0.8, 0.2], [0.0, 0.0], [0.0, 1.0]], np.float32)
    split = FaceSplit(np.zeros((3, 2, 2), np.uint8), {"ferplus": targets})
    assert split.labelled("ferplus").tolist() == [True, False, True]
    assert split.labels("ferplus")[[0, 2]].tolist() == [0, 1]
