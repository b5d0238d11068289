"""What each mode makes of ten votes."""

import numpy as np
import pytest
import torch

from emotion.core.labels import EXPRESSIONS
from training.data.ferplus import COLUMNS, MODES, RULES, draw_labels, vote_targets


def target(mode, rule="paper", /, **votes) -> dict[str, float]:
    row = np.array([[votes.get(name, 0) for name in COLUMNS]], float)
    (result,) = vote_targets(row, mode, rule)
    assert result.sum() == pytest.approx(1) or result.sum() == 0
    return {name: round(float(value), 3) for name, value in zip(EXPRESSIONS, result, strict=True) if value}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", RULES)
def test_what_all_modes_share(mode, rule):
    assert target(mode, rule, happiness=10) == {"happiness": 1}
    assert target(mode, rule, happiness=8, neutral=1, fear=1) == {"happiness": 1}  # single votes count for nothing
    assert target(mode, rule, unknown=6, happiness=4) == {}
    assert target(mode, rule, NF=10) == {}
    assert target(mode, rule, anger=1, fear=1, sadness=1) == {}
    assert target(mode, rule) == {}


@pytest.mark.parametrize("mode", ["crossentropy", "probability"])
def test_the_distribution(mode):
    assert target(mode, happiness=5, surprise=3, neutral=2) == {"neutral": 0.2, "happiness": 0.5, "surprise": 0.3}
    assert target(mode, happiness=5, sadness=5) == {"happiness": 0.5, "sadness": 0.5}
    assert target(mode, happiness=6, unknown=4) == {"happiness": 1}


def test_the_authors_code_takes_the_leading_votes():
    assert target("crossentropy", "code", happiness=5, surprise=3, neutral=2) == {"happiness": 0.625, "surprise": 0.375}
    assert target("crossentropy", "code", happiness=4, surprise=2, neutral=2, fear=2) == {}  # more than three tie
    assert target("crossentropy", "code", happiness=5, unknown=5) == {}  # half of the votes are not enough
    assert target("crossentropy", "paper", happiness=5, unknown=5) == {"happiness": 1}
    assert target("crossentropy", "code", happiness=6, unknown=4) == {"happiness": 1}


def test_a_majority_is_more_than_half_of_all_votes():
    assert target("majority", happiness=6, sadness=4) == {"happiness": 1}
    assert target("majority", happiness=5, sadness=5) == {}
    assert target("majority", happiness=4, sadness=3, anger=3) == {}
    assert target("majority", happiness=5, unknown=5) == {}
    assert target("majority", happiness=5, sadness=4, fear=1) == {"happiness": 1}  # five of nine that count


def test_every_label_with_three_tenths_is_equally_right():
    assert target("multi_target", happiness=7, sadness=3) == {"happiness": 0.5, "sadness": 0.5}
    assert target("multi_target", happiness=8, sadness=2) == {"happiness": 1}
    third = pytest.approx(1 / 3, abs=1e-3)
    assert target("multi_target", happiness=4, sadness=3, fear=3) == {
        "happiness": third,
        "sadness": third,
        "fear": third,
    }
    assert target("multi_target", happiness=4, sadness=2, fear=2, anger=2) == {}  # 40 % of the votes are integrated
    assert target("multi_target", happiness=6, unknown=4) == {"happiness": 1}


def test_labels_are_drawn_as_often_as_they_were_voted_for():
    targets = torch.tensor([[0.7, 0.0, 0.3], [0, 0, 0]]).tile(4000, 1)
    drawn = draw_labels(targets, torch.Generator().manual_seed(0))
    assert drawn.dtype == torch.float32
    assert set(drawn[::2].sum(dim=1).tolist()) == {1.0}
    assert drawn[1::2].sum() == 0
    assert drawn[::2].mean(dim=0).tolist() == pytest.approx([0.7, 0.0, 0.3], abs=0.03)


# The real votes


@pytest.mark.parametrize(
    ("mode", "rule", "training", "public"),
    [
        ("crossentropy", "paper", 28_386, 3_553),
        ("probability", "paper", 28_386, 3_553),
        ("majority", "paper", 25_057, 3_199),
        ("multi_target", "paper", 27_668, 3_472),
        ("crossentropy", "code", 27_953, 3_505),
    ],
)
def test_the_rows_that_each_mode_keeps(fer_votes, mode, rule, training, public):
    usage, votes = fer_votes
    kept = vote_targets(votes, mode, rule).sum(axis=1) > 0
    assert (int(kept[usage == "Training"].sum()), int(kept[usage == "PublicTest"].sum())) == (training, public)


@pytest.fixture(scope="module")
def fer_votes(fer_data_dir):
    from training.data.ferplus import FILE_NAME, read_votes
    from training.data.tables import csv_rows

    path = fer_data_dir / FILE_NAME
    if not path.is_file():
        pytest.skip("FER+: put fer2013new.csv beside fer2013.csv.")
    usage = [row["Usage"] for row in csv_rows(path)]
    return np.array(usage), read_votes(path, usage)
