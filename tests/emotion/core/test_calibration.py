import numpy as np
import pytest

from emotion.core.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    softmax,
)

ROWS, CLASSES = 8_000, 7


@pytest.fixture(scope="module")
def honest() -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from exactly the probabilities that the logits state."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (ROWS, CLASSES))
    thresholds = softmax(logits).cumsum(axis=1)
    labels = (generator.random((ROWS, 1)) > thresholds).sum(axis=1).clip(max=CLASSES - 1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_recovered(honest, temperature):
    logits, labels = honest
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.06)


def test_the_fitted_temperature_beats_its_neighbours(honest):
    logits, labels = honest
    best = fit_temperature(logits * 3, labels)
    for other in (best * 0.9, best * 1.1, 1.0):
        assert negative_log_likelihood(logits * 3, labels, best) < negative_log_likelihood(logits * 3, labels, other)


def test_the_error_of_a_calibrated_model_is_next_to_nothing(honest):
    logits, labels = honest
    assert expected_calibration_error(softmax(logits), labels) < 0.02


def test_the_error_of_an_overconfident_model_is_its_gap():
    probabilities = np.tile([0.9, 0.1], (1000, 1))
    labels = np.array([0] * 600 + [1] * 400)  # right in 60 % while it says 90 %
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.3)


def test_fitting_repairs_overconfidence(honest):
    logits, labels = honest
    before = expected_calibration_error(softmax(logits * 4), labels)
    after = expected_calibration_error(softmax(logits * 4, fit_temperature(logits * 4, labels)), labels)
    assert before > 0.1
    assert after < 0.02


def test_probabilities_of_huge_logits_are_finite():
    rows = softmax(np.array([[1000.0, 0.0], [-1000.0, 0.0]]))
    assert np.allclose(rows, [[1, 0], [0, 1]])


def test_without_rows_there_is_no_temperature():
    with pytest.raises(ValueError, match="there are none"):
        fit_temperature(np.zeros((0, 7)), np.zeros(0, int))
