"""From what pages and quizzes tell of a class to the offers it gets: planted states meet the rules that are for them,
and noise of the same distribution meets hardly any."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from emotion import starter_rules
from emotion.core import support
from emotion.core.affect import Behaviour, Observation, StateEstimate, estimate
from tests.emotion.core.simulated_students import START, Student

RULES = [
    support.Rule(key, state, seconds, 0.65, 20 * 60, starter_rules.FIRST_FOR.get(action, ""))
    for key, (state, seconds, action) in enumerate(starter_rules.RULES)
]
PLANTED = ("confused", "frustrated", "bored", "delighted")


def offered(student: Student) -> list[str]:
    """The states of the rules that fire, with a worker's estimate each ten seconds."""
    frames, acts = defaultdict(list), defaultdict(list)
    for seen in student.observations:
        frames[int((seen.at - student.begins) // 10)].append(seen)
    for act in student.behaviour:
        acts[int((act.at - student.begins) // 10)].append(act)
    past: list[support.Occasion] = []
    states: list[str] = []
    held: StateEstimate | None = None
    for window in range(1, int(student.minutes * 6) + 1):
        now = student.begins + 10 * window
        held = estimate(
            [seen for each in range(window - 18, window) for seen in frames.get(each, ())],
            [act for each in range(window - 60, window) for act in acts.get(each, ())],
            [],
            now=now,
            previous=held,
        )
        if rule := support.choose(held, RULES, past, support.Wishes(), now=now):
            past.append(support.Occasion(rule.key, now))
            states.append(rule.state)
    return states


@pytest.mark.parametrize("state", PLANTED)
def test_a_planted_state_triggers_the_rule_that_is_for_it(state):
    first = Counter(next(iter(offered(Student(state, seed, minutes=8))), "") for seed in range(16))
    assert first[state] >= 13, first
    others = set(PLANTED) - {state}
    assert sum(first[other] for other in others) <= 1, first


def scattered(students: int, seed: int = 0) -> list[Student]:
    """A class of an hour, of which everybody spends ten minutes in a planted state; then all its faces are dealt out
    anew, and what was done goes to anybody at any time. What came together, as a quiz's answers do, stays together."""
    rng = np.random.default_rng(seed)
    parts = [
        part
        for number in range(students)
        for part in (
            Student(PLANTED[number % len(PLANTED)], number, minutes=10),
            Student("neutral", 1000 + number, minutes=50),
        )
    ]
    faces = [seen for part in parts for seen in part.observations]
    moments: dict[tuple[int, float], list[str]] = defaultdict(list)
    for index, part in enumerate(parts):
        for act in part.behaviour:
            moments[index, act.at].append(act.kind)
    dealt = [Student("neutral", 0, minutes=0) for _ in range(students)]
    order = iter(rng.permutation(len(faces)))
    for student in dealt:
        student.minutes = 60
        shuffled = [faces[next(order)] for _ in range(3600)]
        student.observations = [Observation(START + s, f.outcome, f.probabilities) for s, f in enumerate(shuffled)]
    for kinds in moments.values():
        at = START + rng.uniform(0, 3600)
        dealt[rng.integers(students)].behaviour += [Behaviour(at, kind) for kind in kinds]
    return dealt


def test_noise_of_the_same_distribution_triggers_less_than_one_offer_an_hour():
    students = scattered(12)
    kinds = Counter(act.kind for student in students for act in student.behaviour)
    assert {"quiz_wrong", "rapid_guess", "rewind", "left_tab", "idle"} <= kinds.keys()
    offers = [offered(student) for student in students]
    assert sum(map(len, offers)) / len(students) < 1, offers


def test_calm_students_with_what_everybody_does_now_and_then_are_left_in_peace():
    offers = [offered(Student("neutral", seed, minutes=60)) for seed in range(6)]
    assert sum(map(len, offers)) / len(offers) < 0.5, offers
