"""A course's own reading of the features, learnt from what its students said, and how far it may be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from emotion.core.affect import FEATURES, STATES
from emotion.core.calibration import expected_calibration_error

ANSWERS, STUDENTS, ANSWERS_OF_A_STATE = 40, 8, 8  # fewer, and a course stays uncalibrated
FOLDS = 5
RISK_POINTS = 10
STRENGTH = 0.3  # inverse of the L2 penalty: about twenty features stand against some dozens of answers


@dataclass(frozen=True)
class Calibration:
    """Multinomial logistic regression: probabilities of `states` from standardised FEATURES.

    `agreement` is balanced accuracy, `kappa` Cohen's, `error` the ECE, all of students whom the fit had not seen;
    `reliability` holds (mean confidence, share right, answers) per fifth of confidence; `risk_coverage` (share of
    answers judged, share of those judged wrong) as less and less confident ones are judged; `risk_area` the area under
    it. All of them are of the same unseen students.
    """

    states: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]  # (states, FEATURES)
    biases: tuple[float, ...]
    answers: int
    students: int
    agreement: float
    kappa: float
    error: float
    reliability: tuple[tuple[float, float, int], ...]
    risk_coverage: tuple[tuple[float, float], ...]
    risk_area: float

    def scores(self, features: np.ndarray) -> Mapping[str, float]:
        """(FEATURES,) float64 -> the probability of each state it knows."""
        standardised = (features - np.array(self.mean)) / np.array(self.scale)
        logits = np.array(self.weights) @ standardised + np.array(self.biases)
        shares = np.exp(logits - logits.max())
        return dict(zip(self.states, (shares / shares.sum()).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "features": list(FEATURES)}


def from_json(saved: Mapping[str, Any]) -> Calibration | None:
    """What to_json gave; None when it was fitted on other features than these."""
    held = dict(saved)
    if tuple(held.pop("features", ())) != FEATURES:
        return None
    for name in ("states", "mean", "scale", "biases"):
        held[name] = tuple(held[name])
    for name in ("weights", "reliability", "risk_coverage"):
        held[name] = tuple(tuple(row) for row in held[name])
    return Calibration(**held)


def fit(features: np.ndarray, states: Sequence[str], students: Sequence[int]) -> Calibration | None:
    """(N, FEATURES) float64, what each of N answers said, and who said it -> a calibration, or None while there are too
    few answers, students, or states with answers enough."""
    if shortfall(states, students):
        return None
    known, rows = _usable(states)
    said = np.array(states)[rows]
    features, who = np.asarray(features, np.float64)[rows], np.array(students)[rows]
    labels = np.array([known.index(state) for state in said])
    unseen = _cross_validated(features, labels, who, len(known))
    mean, scale, weights, biases = _regression(features, labels, len(known))
    confidence, right = unseen.max(axis=1), unseen.argmax(axis=1) == labels
    coverage, risk, area = risk_coverage(confidence, right)
    recalls = [float(right[labels == index].mean()) for index in range(len(known))]
    return Calibration(
        states=tuple(known),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        weights=tuple(tuple(row) for row in weights.tolist()),
        biases=tuple(biases.tolist()),
        answers=len(labels),
        students=len(set(who.tolist())),
        agreement=float(np.mean(recalls)),
        kappa=cohens_kappa(labels, unseen.argmax(axis=1), len(known)),
        error=expected_calibration_error(unseen, labels, bins=5),
        reliability=_reliability(confidence, right),
        risk_coverage=_thinned(coverage, risk),
        risk_area=area,
    )


def shortfall(states: Sequence[str], students: Sequence[int]) -> str:
    """What is still missing before a course can be calibrated, as in "12 of 40 answers"; empty when nothing is."""
    known, rows = _usable(states)
    who = {student for student, usable in zip(students, rows, strict=True) if usable}
    if len(states) < ANSWERS:
        return f"{len(states)} of {ANSWERS} answers"
    if len(known) < 2:
        return f"{len(known)} of 2 different answers, each given {ANSWERS_OF_A_STATE} times"
    if (usable := int(rows.sum())) < ANSWERS:
        return f"{usable} of {ANSWERS} answers that were given {ANSWERS_OF_A_STATE} times"
    return "" if len(who) >= STUDENTS else f"{len(who)} of {STUDENTS} students"


def _usable(states: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The states that were said often enough, and (N,) which answers said one of them."""
    said = np.array(states, dtype=str)
    known = [state for state in STATES if int((said == state).sum()) >= ANSWERS_OF_A_STATE]
    return known, np.isin(said, known)


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(N,) confidences and whether each answer was right -> coverage, the share of wrong answers among the most
    confident that make up that coverage, and the area under that curve (El-Yaniv and Wiener 2010; Geifman and El-Yaniv
    2017). Abstaining where confidence is low is worth something only when risk falls with coverage."""
    if len(confidence) == 0:
        raise ValueError("A risk-coverage curve needs answers; there are none.")
    order = np.argsort(-np.asarray(confidence, np.float64), kind="stable")
    wrong = 1.0 - np.asarray(correct, np.float64)[order]
    counts = np.arange(1, len(wrong) + 1)
    risk = np.cumsum(wrong) / counts
    return counts / len(wrong), risk, float(risk.mean())


def _thinned(coverage: np.ndarray, risk: np.ndarray) -> tuple[tuple[float, float], ...]:
    """A curve at each tenth of coverage."""
    rows = np.ceil(np.arange(1, RISK_POINTS + 1) / RISK_POINTS * len(coverage)).astype(int) - 1
    return tuple((float(coverage[row]), float(risk[row])) for row in rows)


def cohens_kappa(one: np.ndarray, other: np.ndarray, classes: int) -> float:
    """Agreement beyond chance (Cohen 1960) of two (N,) labellings, at most 1."""
    table = np.zeros((classes, classes))
    np.add.at(table, (one, other), 1)
    table /= table.sum()
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return 0.0 if chance == 1 else float((np.trace(table) - chance) / (1 - chance))


def _cross_validated(features: np.ndarray, labels: np.ndarray, who: np.ndarray, classes: int) -> np.ndarray:
    """(N, classes): each answer's probabilities by a fit that saw no answer of the same student."""
    from sklearn.model_selection import StratifiedGroupKFold

    unseen = np.full((len(labels), classes), 1 / classes)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(features, labels, who):
        if len(set(labels[train].tolist())) < 2:
            continue
        mean, scale, weights, biases = _regression(features[train], labels[train], classes)
        logits = (features[test] - mean) / scale @ weights.T + biases
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        unseen[test] = shares / shares.sum(axis=1, keepdims=True)
    return unseen


def _regression(
    features: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and scale of the features, (classes, F) weights and (classes,) biases. A class without answers, as a fold
    may have, gets a bias that rules it out."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale < 1e-6, 1.0, scale)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit((features - mean) / scale, labels)
    weights, biases = np.zeros((classes, features.shape[1])), np.full(classes, -30.0)
    if len(fitted.classes_) == 2:  # scikit-learn then keeps one row, for the second class
        weights[fitted.classes_] = np.vstack([-fitted.coef_[0], fitted.coef_[0]]) / 2
        biases[fitted.classes_] = np.array([-fitted.intercept_[0], fitted.intercept_[0]]) / 2
    else:
        weights[fitted.classes_], biases[fitted.classes_] = fitted.coef_, fitted.intercept_
    return mean, scale, weights, biases


def _reliability(confidence: np.ndarray, right: np.ndarray) -> tuple[tuple[float, float, int], ...]:
    fifths = np.minimum((confidence * 5).astype(int), 4)
    return tuple(
        (float(confidence[rows].mean()), float(right[rows].mean()), int(rows.sum()))
        for rows in (fifths == fifth for fifth in range(5))
        if rows.any()
    )
