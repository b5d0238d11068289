import numpy as np
import pytest
import torch
from torch import nn

from emotion.core import architectures
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from tests.training.factories import SPEC, synthetic_split
from training.data.dataset import DataError, FaceSplit
from training.evaluate import evaluate_head, predict_logits


@pytest.fixture
def network():
    torch.manual_seed(0)
    heads = {"fer2013": EXPRESSIONS_7, "ferplus": EXPRESSIONS}
    return architectures.build("attune", heads=heads, widths=[8, 8], blocks=[1, 1])


def test_logits_do_not_depend_on_the_batch(network):
    pixels = synthetic_split(20).pixels
    whole = predict_logits(network, pixels, SPEC)
    parts = predict_logits(network, pixels, SPEC, batch_size=7)
    for head, columns in (("fer2013", 7), ("ferplus", 8)):
        assert (whole[head].shape, whole[head].dtype) == ((20, columns), np.float32)
        assert np.allclose(whole[head], parts[head], atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_in_the_mode_it_was_in_and_unchanged(network, training):
    network.train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    predict_logits(network, synthetic_split(4).pixels, SPEC)
    assert network.training is training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


class Fixed(nn.Module):
    """Answers with the first pixel as the class."""

    def forward(self, x):
        shade = (x[:, 0, 0, 0] * SPEC.std[0] + SPEC.mean[0]) * 255
        return {"fer2013": nn.functional.one_hot(shade.round().long(), 7).float()}


def split_of(labels: list[int], predictions: list[int], width: int = 7, head: str = "fer2013") -> FaceSplit:
    pixels = np.array(predictions, np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return FaceSplit(pixels, {head: np.eye(width, dtype=np.float32)[labels]})


def test_a_head_is_scored_on_its_own_labels():
    split = split_of([0, 1, 2, 3], [0, 1, 2, 4])
    logits = predict_logits(Fixed(), split.pixels, SPEC)
    report = evaluate_head(logits, {"fer2013": EXPRESSIONS_7}, split, "fer2013")
    assert (report["n"], report["accuracy"]) == (4, 0.75)
    assert report["per_class_recall"]["sadness"] == 0.0


def test_rows_without_a_label_do_not_count():
    split = split_of([0, 1, 2], [0, 1, 5])
    split.targets["fer2013"][2] = 0
    logits = predict_logits(Fixed(), split.pixels, SPEC)
    report = evaluate_head(logits, {"fer2013": EXPRESSIONS_7}, split, "fer2013")
    assert (report["n"], report["accuracy"]) == (2, 1.0)


def test_a_model_without_the_head_is_matched_by_name():
    """A model whose classes stand in another order, and which knows no contempt."""
    theirs = ("fear", "disgust", "anger", "sadness", "surprise", "happiness", "neutral")
    labels = [EXPRESSIONS.index(name) for name in ("fear", "happiness", "contempt")]
    split = split_of(labels, [0, 5, 6], width=8, head="ferplus")
    logits = predict_logits(Fixed(), split.pixels, SPEC)
    report = evaluate_head(logits, {"fer2013": theirs}, split, "ferplus")
    assert (report["n"], report["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (report["per_class_recall"]["fear"], report["per_class_recall"]["contempt"]) == (1.0, 0.0)


def test_labels_that_a_data_set_lacks_are_named():
    split = split_of([0], [0])
    with pytest.raises(DataError, match="has no 'ferplus' labels; it has: fer2013"):
        evaluate_head({}, {"fer2013": EXPRESSIONS_7}, split, "ferplus")
