"""Students with a planted state: noisy faces, and what such a student does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emotion.core.affect import Behaviour, Observation, SelfReport
from emotion.core.labels import EXPRESSIONS

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
ACTS = {  # kind: a minute
    "neutral": {"quiz_right": 0.1},
    "confused": {"quiz_wrong": 1.5, "rewind": 1.5, "reread": 1.0},
    "frustrated": {"quiz_wrong": 3.5, "rapid_guess": 2.0},
    "bored": {"idle": 0.7, "left_tab": 1.5, "returned": 1.5},
    "delighted": {"quiz_right": 1.5},
}


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
        for kind, rate in ACTS[self.state].items():
            for _ in range(rng.poisson(rate * self.minutes)):
                self.behaviour.append(Behaviour(self.begins + rng.uniform(0, self.minutes * 60), kind))
        self.behaviour.sort(key=lambda act: act.at)
