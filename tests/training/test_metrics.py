"""Our figures are scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as reference

from emotion.core.calibration import softmax
from emotion.core.labels import EXPRESSIONS_7
from training.metrics import (
    calibration_report,
    classification_report,
    confusion_matrix,
    ranking_report,
    wilson_interval,
)


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    labels = generator.choice(7, 500, p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.1, 0.0])
    logits = generator.normal(0, 1, (500, 7))
    logits[np.arange(500), labels] += 1.0
    return logits, labels


def test_the_classification_report_is_scikit_learns(rows):
    logits, labels = rows
    predictions = logits.argmax(axis=1)
    report = classification_report(labels, predictions, EXPRESSIONS_7)
    f1 = reference.f1_score(labels, predictions, labels=np.unique(labels), average="macro")
    recalls = reference.recall_score(labels, predictions, labels=range(6), average=None)
    assert report["n"] == 500
    assert report["accuracy"] == pytest.approx(reference.accuracy_score(labels, predictions))
    assert report["macro_f1"] == pytest.approx(f1)
    assert report["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert list(report["per_class_recall"].values())[:6] == pytest.approx(recalls.tolist())
    assert report["per_class_recall"]["fear"] is None  # no rows
    for name in ("precision", "recall", "f1"):
        function = getattr(reference, f"{name}_score")
        expected = function(labels, predictions, average="weighted", zero_division=0)
        assert report[f"weighted_{name}"] == pytest.approx(expected)
    expected = reference.confusion_matrix(labels, predictions, labels=range(7))
    assert report["confusion_matrix"] == expected.tolist()


def test_a_row_of_the_confusion_matrix_is_a_label():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_without_rows_there_are_figures_all_the_same():
    nothing = np.zeros(0, int)
    report = classification_report(nothing, nothing, EXPRESSIONS_7)
    assert (report["n"], report["accuracy"], report["macro_f1"]) == (0, 0.0, 0.0)
    assert set(report["per_class_recall"].values()) == {None}


def test_wilsons_interval():
    # Newcombe 1998, table I: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 10)[0] == pytest.approx(0)
    assert wilson_interval(10, 10)[1] == pytest.approx(1)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_ranking_report_is_scikit_learns(rows):
    logits, labels = rows
    probabilities = softmax(logits)
    report = ranking_report(probabilities, labels, EXPRESSIONS_7)
    areas = [reference.roc_auc_score(labels == i, probabilities[:, i]) for i in range(6)]
    assert report["roc_auc"] == pytest.approx(np.mean(areas))
    assert list(report["per_class_roc_auc"]) == list(EXPRESSIONS_7[:6])


def test_the_calibration_report_says_what_a_temperature_does(rows):
    logits, labels = rows
    report = calibration_report(logits * 5, labels, 5.0)
    assert report["nll"] == pytest.approx(reference.log_loss(labels, softmax(logits), labels=range(7)))
    assert report["nll"] < report["nll_uncalibrated"]
    assert report["ece"] < report["ece_uncalibrated"]
