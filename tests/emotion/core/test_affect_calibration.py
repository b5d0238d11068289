"""What students say teaches a course its own reading, and says how far to trust it."""

import json

import numpy as np
import pytest

from emotion.core import affect_calibration
from emotion.core.affect import FEATURES, Observation, estimate
from emotion.core.affect_calibration import cohens_kappa, fit, from_json, risk_coverage, shortfall
from emotion.core.labels import EXPRESSIONS


def answers(count: int, students: int, *, signal: float, seed: int = 0):
    """Answers in which rewinds go with confusion and a smile with delight, as far as `signal` says."""
    rng = np.random.default_rng(seed)
    states = rng.choice(["confused", "delighted", "bored"], count)
    features = rng.normal(0, 1, (count, len(FEATURES)))
    for state, name in (("confused", "rewind"), ("delighted", "happiness"), ("bored", "idle")):
        features[states == state, FEATURES.index(name)] += signal
    return features, states.tolist(), rng.integers(0, students, count).tolist()


def test_a_clear_signal_is_learnt_and_said_to_be():
    fitted = fit(*answers(200, 20, signal=4))
    assert fitted.agreement > 0.85
    assert fitted.kappa > 0.8
    assert fitted.error < 0.15
    assert (fitted.answers, fitted.students) == (200, 20)
    probe = np.zeros(len(FEATURES))
    probe[FEATURES.index("rewind")] = 5
    scores = fitted.scores(probe)
    assert max(scores, key=scores.get) == "confused"
    assert sum(scores.values()) == pytest.approx(1)


def test_noise_is_not_mistaken_for_a_signal():
    fitted = fit(*answers(200, 20, signal=0))
    assert fitted.agreement == pytest.approx(1 / 3, abs=0.12)
    assert abs(fitted.kappa) < 0.2


def test_what_one_student_always_does_is_no_agreement():
    """Grouped by student: a face that one knows by heart helps with nobody else."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(40), 5)
    states = np.array(["confused", "bored"] * 20)[who]
    features = rng.normal(0, 5, (40, len(FEATURES)))[who] + rng.normal(0, 0.1, (200, len(FEATURES)))
    assert fit(features, states.tolist(), who.tolist()).agreement < 0.8


@pytest.mark.parametrize(("count", "students"), [(39, 20), (100, 7), (0, 8)])
def test_too_few_answers_leave_a_course_uncalibrated(count, students):
    assert fit(*answers(count, students, signal=4)) is None


def test_one_state_is_no_choice():
    features, _, who = answers(100, 20, signal=0)
    assert fit(features, ["confused"] * 100, who) is None


def test_it_survives_json_and_other_features_void_it():
    fitted = fit(*answers(120, 12, signal=3))
    saved = json.loads(json.dumps(fitted.to_json()))
    probe = np.random.default_rng(1).normal(0, 1, len(FEATURES))
    assert from_json(saved).scores(probe) == pytest.approx(fitted.scores(probe))
    assert from_json({**saved, "features": saved["features"][1:]}) is None


def test_a_calibrated_course_still_concludes_nothing_from_a_face_alone():
    rng = np.random.default_rng(0)
    features, states, who = answers(200, 20, signal=0)
    features = np.abs(features) * 0.01
    features[np.array(states) == "confused", EXPRESSIONS.index("surprise")] += rng.uniform(0.5, 1)
    fitted = fit(features, states, who)
    shown = {name: 0.02 for name in EXPRESSIONS} | {"surprise": 0.86}
    seen = [Observation(1000.0 + second, "face", shown) for second in range(180)]
    found = estimate(seen, [], [], now=1180.0, calibration=fitted)
    assert found.calibrated
    assert found.state not in ("confused", "frustrated", "bored")


def test_risk_and_coverage():
    coverage, risk, area = risk_coverage(np.array([0.9, 0.5, 0.8, 0.6]), np.array([True, False, True, False]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 0.5])
    assert area == pytest.approx((0 + 0 + 1 / 3 + 0.5) / 4)
    with pytest.raises(ValueError, match="there are none"):
        risk_coverage(np.array([]), np.array([]))


def test_kappa_is_one_for_the_same_and_none_for_chance():
    labels = np.array([0, 1, 2, 0, 1, 2])
    assert cohens_kappa(labels, labels, 3) == pytest.approx(1)
    assert cohens_kappa(labels, np.zeros(6, int), 3) == pytest.approx(0)
    assert affect_calibration.STUDENTS >= 5


def test_what_is_missing_is_said():
    two = ["confused", "bored"]
    assert shortfall(two * 6, list(range(12))) == "12 of 40 answers"
    assert shortfall(["bored"] * 50, list(range(50))) == "1 of 2 different answers, each given 8 times"
    assert shortfall(two * 10 + ["engaged"] * 7 + ["neutral"] * 13, list(range(40))) == (
        "33 of 40 answers that were given 8 times"
    )
    assert shortfall(two * 20, [1, 2, 3, 4] * 10) == "4 of 8 students"
    assert shortfall(two * 20, list(range(40))) == ""


def test_abstaining_where_it_is_less_sure_avoids_errors_of_students_it_has_not_seen():
    fitted = fit(*answers(300, 30, signal=2))
    coverage, risk = zip(*fitted.risk_coverage, strict=True)
    assert coverage == pytest.approx([tenth / 10 for tenth in range(1, 11)], abs=0.01)
    assert risk[0] < risk[-1] / 2
    assert fitted.risk_area < risk[-1]
    noise = fit(*answers(300, 30, signal=0))
    assert noise.risk_area > 0.5
