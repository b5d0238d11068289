"""From expressions, behaviour and self-report to a learning state, and mostly to none.

A face is weak evidence of a feeling (Barrett et al. 2019, "Emotional Expressions Reconsidered"). Detectors of
confusion, frustration, boredom and engagement from faces in a real classroom reached AUCs of 0.61 to 0.68, of delight
0.87 (Bosch et al. 2015, "Automatic Detection of Learning-Centered Affective States in the Wild"). So here an expression
is a prior and no more: confusion, frustration and boredom need something the student did or said, and what the student
says wins. The weights below are our own choices within those limits; a course's self-reports replace them when there
are enough (emotion.core.affect_calibration).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from emotion.core.labels import BEHAVIOURS, EXPRESSIONS

STATES = ("engaged", "confused", "frustrated", "bored", "delighted", "neutral", "unknown")
SCORED = STATES[:5]
NOT_FROM_A_FACE = frozenset({"confused", "frustrated", "bored"})

# (valence, arousal) of each expression in EXPRESSIONS, each in -1..1: its place on the circumplex of Russell (1980,
# "A circumplex model of affect"), rounded to tenths.
CIRCUMPLEX = np.array(
    [(0, 0), (0.9, 0.2), (0.2, 0.9), (-0.8, -0.4), (-0.6, 0.7), (-0.7, 0.3), (-0.4, 0.9), (-0.5, 0.1)], np.float64
)

# What an expression suggests of a state, in log-odds at probability 1. A face turned to a monitor is easily taken for
# angry, so anger counts for less than it seems to deserve.
_FACE: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "engaged": {"neutral": 0.4, "surprise": 0.8, "happiness": 0.4},
        "confused": {"surprise": 1.0, "fear": 1.0, "anger": 0.6, "disgust": 0.4},
        "frustrated": {"anger": 1.0, "disgust": 1.2, "sadness": 1.0, "contempt": 0.8},
        "bored": {"neutral": 0.5, "sadness": 0.9, "contempt": 0.9},
        "delighted": {"happiness": 4.2, "surprise": 0.8},
    }
)
# What one act suggests, in log-odds when it has just happened. Which acts go with which state follows D'Mello and
# Graesser (2012, "Dynamics of affective states during complex learning"): an impasse confuses, one that lasts
# frustrates, and frustration gives way to disengagement. Wrong answers go with both; who still looks for the reason,
# in the video or the text, is confused, and who only tries again, faster than one can read, is not any more.
_ACTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "engaged": {
            "quiz_right": 1.0,
            "reread": 0.4,
            "returned": 0.3,
            "idle": -1.2,
            "left_tab": -1.2,
            "rapid_guess": -0.9,
        },
        "confused": {"quiz_wrong": 0.8, "rewind": 1.3, "reread": 1.1, "rapid_guess": -0.6, "quiz_right": -1.0},
        "frustrated": {
            "quiz_wrong": 1.2,
            "rapid_guess": 1.2,
            "left_tab": 0.3,
            "rewind": -0.3,
            "reread": -0.3,
            "quiz_right": -1.2,
        },
        "bored": {"idle": 1.5, "left_tab": 1.2, "rapid_guess": 0.9, "quiz_wrong": -0.2, "rewind": -0.4},
        "delighted": {"quiz_right": 0.6, "quiz_wrong": -0.3},
    }
)
_BIAS: Mapping[str, float] = MappingProxyType(
    {"engaged": -0.9, "confused": -1.8, "frustrated": -2.4, "bored": -2.0, "delighted": -2.4}
)


@dataclass(frozen=True)
class Observation:
    """One answered frame. `at` is Unix time; `outcome` is "face" where there are probabilities. A face that is too
    uncertain, tilted, small, dark or blurred has none: emotion.inference.quality has the limits, and they hold before
    anything is read."""

    at: float
    outcome: str
    probabilities: Mapping[str, float | None] | None


@dataclass(frozen=True)
class Behaviour:
    """Something that was done: one of BEHAVIOURS, at a Unix time."""

    at: float
    kind: str


@dataclass(frozen=True)
class SelfReport:
    """What a student said: one of STATES but "unknown", at a Unix time."""

    at: float
    state: str


@dataclass(frozen=True)
class AffectConfig:
    """Times in seconds, scores in 0..1."""

    window: float = 10.0
    windows: int = 18  # looked at
    smoothing: float = 20.0  # time constant
    enter: float = 0.65
    enter_windows: int = 3  # ... of the last `of_windows`
    of_windows: int = 4
    leave: float = 0.45
    face_alone: float = 0.40  # the most that a face alone gives a state of NOT_FROM_A_FACE: below `leave`
    fewest_frames: int = 2  # good ones in a window
    baseline: float = 60.0
    baseline_frames: int = 15
    act_fades: float = 90.0  # time constant
    most_of_one_act: float = 2.5  # as many recent acts of a kind count
    report_holds: float = 120.0
    # Questions shorter than so many characters, answered in less than so many seconds, were not read (quiz_acts.py).
    rapid: tuple[tuple[float, float], ...] = ((200, 3.0), (1000, 5.0), (math.inf, 10.0))
    most_of_one_quiz: int = 3  # acts of a kind, however many questions it has


DEFAULT = AffectConfig()


@dataclass(frozen=True)
class StateEstimate:
    """A learning state in 0..1 of confidence, and why. `since` is the Unix time at which it began; valence and arousal
    are of the face, in -1..1; `scores` has one figure for each of SCORED."""

    state: str
    confidence: float
    since: float
    valence: float = 0.0
    arousal: float = 0.0
    evidence: tuple[str, ...] = ()
    calibrated: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)


class Scorer(Protocol):
    """What a calibration offers; see emotion.core.affect_calibration."""

    def scores(self, features: np.ndarray) -> Mapping[str, float]:
        """(FEATURES,) float64 -> the probability of each state it knows."""


# The vector of `features`, in this order.
FEATURES = (*EXPRESSIONS, "valence", "arousal", "attending", *BEHAVIOURS)
_ATTENDING = FEATURES.index("attending")


def shows_a_face(seen: Observation) -> bool:
    """Whether a frame may count at all."""
    return seen.outcome == "face" and bool(seen.probabilities)


def baseline(observations: Sequence[Observation], config: AffectConfig = DEFAULT) -> dict[str, float] | None:
    """Mean probabilities of the good frames of the first minute: how this face looks when nothing has happened yet.

    None until the minute has passed, and with too few good frames."""
    if not observations or observations[-1].at - observations[0].at < config.baseline:
        return None
    first = [seen for seen in observations if seen.at - observations[0].at <= config.baseline and shows_a_face(seen)]
    if len(first) < config.baseline_frames:
        return None
    return dict(zip(EXPRESSIONS, np.mean([_vector(seen) for seen in first], axis=0).round(4).tolist(), strict=True))


def estimate(
    observations: Sequence[Observation],
    behaviour: Sequence[Behaviour],
    self_reports: Sequence[SelfReport],
    *,
    now: float,
    baseline: Mapping[str, float] | None = None,
    previous: StateEstimate | None = None,
    calibration: Scorer | None = None,
    config: AffectConfig = DEFAULT,
) -> StateEstimate:
    """The state at the end of the last whole window before `now`.

    Windows lie on multiples of their length, so every process that is given the same history answers the same. The
    state machine runs anew over the last `windows` of them; `previous` counts for what lies before. Acts and reports
    older than a few time constants add nothing, so ten minutes of them are plenty.
    """
    last = math.floor(now / config.window)  # windows end at multiples; this one has just ended
    first = last - config.windows
    faces = _smoothed_faces(observations, first, last, baseline, config)
    machine = _Machine(config, _held_over(previous, first * config.window))
    ends = [(first + index + 1) * config.window for index in range(config.windows)]
    vectors = [features(*seen, behaviour, end, config) for seen, end in zip(faces, ends, strict=True)]
    there = [face is not None for face, _ in faces]
    scored = _scores(np.array(vectors), there, calibration, config)
    for index, (end, (scores, evidence)) in enumerate(zip(ends, scored, strict=True)):
        said_by = now if index == config.windows - 1 else end  # what is said counts at once
        machine.step(end, scores, evidence, there[index], _report_at(self_reports, said_by, config))
    valence, arousal = (face @ CIRCUMPLEX).tolist() if (face := faces[-1][0]) is not None else (0.0, 0.0)
    return StateEstimate(
        state=machine.state,
        confidence=machine.confidence,
        since=machine.since,
        valence=valence,
        arousal=arousal,
        evidence=machine.evidence,
        calibrated=calibration is not None,
        scores=machine.scores,
    )


def features(
    face: np.ndarray | None, attending: float, behaviour: Sequence[Behaviour], at: float, config: AffectConfig = DEFAULT
) -> np.ndarray:
    """(FEATURES,) float64 at a Unix time: smoothed expressions, valence, arousal, share of frames with a good face, and
    of each kind of act how many are recent, each fading with its age."""
    expressions = np.zeros(len(EXPRESSIONS)) if face is None else face
    recent = dict.fromkeys(BEHAVIOURS, 0.0)
    for act in behaviour:
        if act.at <= at and act.kind in recent:
            recent[act.kind] += math.exp((act.at - at) / config.act_fades)
    counts = [min(config.most_of_one_act, amount) for amount in recent.values()]
    return np.concatenate([expressions, expressions @ CIRCUMPLEX, [attending], counts])


def features_at(
    observations: Sequence[Observation],
    behaviour: Sequence[Behaviour],
    *,
    now: float,
    baseline: Mapping[str, float] | None = None,
    config: AffectConfig = DEFAULT,
) -> np.ndarray | None:
    """(FEATURES,) float64 as `estimate` has them at the end of the last whole window before `now`; None where that
    window has no readable face. What a self-report is kept with, so that it can calibrate."""
    last = math.floor(now / config.window)
    face, attending = _smoothed_faces(observations, last - config.windows, last, baseline, config)[-1]
    return None if face is None else features(face, attending, behaviour, last * config.window, config)


def _vector(seen: Observation) -> list[float]:
    assert seen.probabilities is not None
    return [seen.probabilities.get(name) or 0.0 for name in EXPRESSIONS]


def _smoothed_faces(
    observations: Sequence[Observation],
    first: int,
    last: int,
    baseline: Mapping[str, float] | None,
    config: AffectConfig,
) -> list[tuple[np.ndarray | None, float]]:
    """Of each window: its smoothed expressions ((8,), None without a readable face), and the share of good frames."""
    good: list[list[list[float]]] = [[] for _ in range(first, last)]
    frames = [0] * (last - first)
    for seen in observations:
        index = math.floor(seen.at / config.window) - first
        if 0 <= index < len(good):
            frames[index] += 1
            if shows_a_face(seen):
                good[index].append(_vector(seen))
    usual = None
    if baseline:
        usual = np.array([max(0.03, baseline.get(name) or 0.0) for name in EXPRESSIONS])
    keep = math.exp(-config.window / config.smoothing)
    smoothed: np.ndarray | None = None
    result: list[tuple[np.ndarray | None, float]] = []
    for vectors, count in zip(good, frames, strict=True):
        if len(vectors) < config.fewest_frames:
            smoothed = None  # what was seen before a gap says nothing about after it
            result.append((None, 0.0))
            continue
        mean = np.array(vectors).mean(axis=0)
        if usual is not None:
            mean = _against_baseline(mean, usual)
        smoothed = mean if smoothed is None else keep * smoothed + (1 - keep) * mean
        result.append((smoothed, len(vectors) / count))
    return result


def _against_baseline(mean: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """What this face shows beyond its usual look: each expression but neutral less what it shows at rest, and neutral
    takes up the difference."""
    beyond = np.clip(mean[1:] - usual[1:], 0.0, None)
    return np.concatenate([[max(0.0, 1.0 - beyond.sum())], beyond])


# The tables above as (states, expressions) and (states, behaviours): the same sums, hundreds of times a second.
_FACE_WEIGHTS = np.array([[_FACE[state].get(name, 0.0) for name in EXPRESSIONS] for state in SCORED])
_ACT_WEIGHTS = np.array([[_ACTS[state].get(kind, 0.0) for kind in BEHAVIOURS] for state in SCORED])
_BIASES = np.array([_BIAS[state] for state in SCORED])
SPEAKS_FOR = 0.3  # log-odds


def _scores(
    vectors: np.ndarray, seen: Sequence[bool], calibration: Scorer | None, config: AffectConfig
) -> list[tuple[dict[str, float], dict[str, tuple[str, ...]]]]:
    """(windows, FEATURES) -> of each window, every state's score in 0..1 and what speaks for it."""
    expressions, acts = vectors[:, : len(EXPRESSIONS)], vectors[:, _ATTENDING + 1 :]
    attending = vectors[:, _ATTENDING] * seen  # (windows,)
    from_acts = _ACT_WEIGHTS * acts[:, None, :]  # (windows, states, behaviours)
    from_face = expressions @ _FACE_WEIGHTS.T  # (windows, states)
    odds = _BIASES + from_acts.sum(axis=2) + from_face * attending[:, None]
    by_rule, shown = (1 / (1 + np.exp(-odds))).tolist(), (from_face > SPEAKS_FOR).tolist()
    speaks = (from_acts > SPEAKS_FOR).tolist()
    result = []
    for window, there in enumerate(seen):
        fitted = calibration.scores(vectors[window]) if calibration else {}
        scores, evidence = {}, {}
        for number, state in enumerate(SCORED):
            score = fitted.get(state, by_rule[window][number])
            for_it = tuple(itertools.compress(BEHAVIOURS, speaks[window][number]))
            if state in NOT_FROM_A_FACE and not for_it:
                score = min(score, config.face_alone)
            if not there and not for_it:
                score = 0.0
            scores[state] = score
            evidence[state] = (*for_it, "expression") if there and shown[window][number] else for_it
        result.append((scores, evidence))
    return result


def _report_at(reports: Sequence[SelfReport], at: float, config: AffectConfig) -> SelfReport | None:
    """The report that holds at a time: the last one, while it is fresh."""
    held = [report for report in reports if at - config.report_holds < report.at <= at]
    return max(held, key=lambda report: report.at) if held else None


def _held_over(previous: StateEstimate | None, start: float) -> StateEstimate | None:
    return previous if previous is not None and previous.since < start else None


class _Machine:
    """The state over windows: entered at a high score that lasts, left at a low one."""

    def __init__(self, config: AffectConfig, previous: StateEstimate | None) -> None:
        self._config = config
        self._high: list[dict[str, bool]] = []
        self.state = previous.state if previous else "unknown"
        self.since = previous.since if previous else 0.0
        self.confidence = 0.0
        self.evidence: tuple[str, ...] = ()
        self.scores: dict[str, float] = {}

    def step(
        self,
        end: float,
        scores: dict[str, float],
        evidence: dict[str, tuple[str, ...]],
        seen: bool,
        report: SelfReport | None,
    ) -> None:
        config = self._config
        self.scores = scores
        self._high = [*self._high, {s: scores[s] >= config.enter for s in SCORED}][-config.of_windows :]
        if report is not None:
            self._be(report.state, report.at)
            self.confidence, self.evidence = 0.95, ("self_report",)
            return
        entered = [s for s in SCORED if sum(high[s] for high in self._high) >= config.enter_windows]
        holds = self.state in SCORED and scores[self.state] >= config.leave
        if entered and not holds:
            self._be(max(entered, key=lambda s: scores[s]), end)
        elif entered and scores[best := max(entered, key=lambda s: scores[s])] > scores[self.state] + 0.1:
            self._be(best, end)
        elif not holds:
            anything = seen or any(scores[s] >= config.leave for s in SCORED)
            self._be("neutral" if anything else "unknown", end)
        if self.state in SCORED:
            self.confidence, self.evidence = scores[self.state], evidence[self.state]
        else:
            self.confidence = 1 - max(scores.values()) if self.state == "neutral" else 0.0
            self.evidence = ("expression",) if self.state == "neutral" and seen else ()

    def _be(self, state: str, since: float) -> None:
        if state != self.state:
            self.state, self.since = state, since
