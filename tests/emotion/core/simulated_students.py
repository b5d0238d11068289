"""Students with a planted state: noisy faces, and what such a student does, as pages and quizzes tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emotion.core.affect import Behaviour, Observation, SelfReport
from emotion.core.labels import EXPRESSIONS
from emotion.core.quiz_acts import Answered, quiz_acts

START = 1_800_000_000.0
# Concentration of the expressions around a calm face, and what each state adds to it. Faces of learners differ little.
CALM = np.array([6.0, 0.6, 0.3, 0.8, 0.9, 0.1, 0.2, 0.2])
LEANS = {
    "neutral": {},
    "confused": {"surprise": 0.9, "anger": 0.6, "fear": 0.5},
    "frustrated": {"anger": 1.8, "disgust": 0.4, "sadness": 0.8},
    "bored": {"sadness": 0.8, "neutral": 1.0},
    "delighted": {"happiness": 22.0},
}
IN_PAGE = {  # what static/js/support.js notes: kind: a minute
    "neutral": {"rewind": 0.1, "reread": 0.15, "left_tab": 0.1},
    "confused": {"rewind": 1.5, "reread": 1.0, "left_tab": 0.1},
    "frustrated": {"rewind": 0.2, "reread": 0.1, "left_tab": 0.3},
    "bored": {"idle": 0.5, "left_tab": 1.5},
    "delighted": {},
}


@dataclass(frozen=True)
class Quizzes:
    """How a student answers the quizzes of a lesson, of three questions of 150 characters each."""

    a_minute: float  # handed in
    right: float  # the share of answers
    seconds: float  # the median of an answer


QUIZZES = {
    "neutral": Quizzes(0.1, 0.8, 15),
    "confused": Quizzes(0.7, 0.4, 15),
    "frustrated": Quizzes(1.5, 0.15, 4),
    "bored": Quizzes(0.1, 0.6, 8),
    "delighted": Quizzes(0.5, 0.95, 12),
}
QUESTIONS, CHARACTERS = 3, 150
SPREAD = 0.6  # of the logarithm of an answer's seconds: response times are lognormal


@dataclass
class Student:
    """What a lesson of `minutes` looked like from outside, at a frame a second, from `begins` on."""

    state: str
    seed: int
    minutes: float = 5
    begins: float = START
    observations: list[Observation] = field(default_factory=list)
    behaviour: list[Behaviour] = field(default_factory=list)
    reports: list[SelfReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        concentration = CALM * rng.uniform(0.6, 1.6, len(CALM))  # everybody's resting face is their own
        for name, amount in LEANS[self.state].items():
            concentration[EXPRESSIONS.index(name)] += amount
        for second in range(int(self.minutes * 60)):
            faces = dict(zip(EXPRESSIONS, rng.dirichlet(concentration).tolist(), strict=True))
            seen = rng.random() > 0.05
            self.observations.append(
                Observation(self.begins + second, "face" if seen else "no_face", faces if seen else None)
            )
        for kind, rate in IN_PAGE[self.state].items():
            for at in self._moments(rng, rate):
                self.behaviour.append(Behaviour(at, kind))
                if kind == "left_tab":
                    self.behaviour.append(Behaviour(at + rng.uniform(5, 30), "returned"))
        quizzes = QUIZZES[self.state]
        for at in self._moments(rng, quizzes.a_minute):
            self.behaviour += [Behaviour(at, kind) for kind in _handed_in(rng, quizzes)]
        self.behaviour.sort(key=lambda act: act.at)

    def _moments(self, rng: np.random.Generator, rate: float) -> list[float]:
        return [self.begins + at for at in rng.uniform(0, self.minutes * 60, rng.poisson(rate * self.minutes))]


def _handed_in(rng: np.random.Generator, quizzes: Quizzes) -> list[str]:
    """The first answer begins the attempt, so its time is not known."""
    seconds = [None, *np.exp(rng.normal(np.log(quizzes.seconds), SPREAD, QUESTIONS - 1))]
    return quiz_acts([Answered(float(rng.random() < quizzes.right), CHARACTERS, each) for each in seconds])
