"""A learning state is asked of three witnesses, and the face is the weakest of them."""

import numpy as np
import pytest

from emotion.core import affect
from emotion.core.affect import (
    NOT_FROM_A_FACE,
    STATES,
    AffectConfig,
    Behaviour,
    Observation,
    SelfReport,
    StateEstimate,
    estimate,
)
from emotion.core.labels import BEHAVIOURS, EXPRESSIONS
from tests.emotion.core.simulated_students import START, Student

END = START + 180


def faces(seconds: int = 180, start: float = START, **probabilities: float) -> list[Observation]:
    rest = (1 - sum(probabilities.values())) / (len(EXPRESSIONS) - len(probabilities))
    shown = {name: probabilities.get(name, rest) for name in EXPRESSIONS}
    return [Observation(start + second, "face", shown) for second in range(seconds)]


def acts(*kinds: str, at: float = END - 30) -> list[Behaviour]:
    return [Behaviour(at, kind) for kind in kinds]


def states_over(student: Student, **options) -> list[StateEstimate]:
    """The estimates at each window's end, as a worker would make them: each with the last minutes only."""
    estimates: list[StateEstimate] = []
    for now in np.arange(student.begins + 60, student.begins + student.minutes * 60 + 1, 10):
        estimates.append(
            estimate(
                [seen for seen in student.observations if now - 180 <= seen.at < now],
                [act for act in student.behaviour if now - 600 <= act.at < now],
                [report for report in student.reports if now - 600 <= report.at < now],
                now=now,
                previous=estimates[-1] if estimates else None,
                **options,
            )
        )
    return estimates


@pytest.mark.parametrize("seed", range(60))
def test_confusion_frustration_and_boredom_are_never_concluded_from_a_face_alone(seed):
    rng = np.random.default_rng(seed)
    seen = []
    for second in range(180):
        if second % 20 == 0:
            concentration = rng.gamma(0.3, 20, len(EXPRESSIONS)) + 0.01
        shown = dict(zip(EXPRESSIONS, rng.dirichlet(concentration).tolist(), strict=True))
        seen.append(Observation(START + second, "face", shown))
    found = estimate(seen, [], [], now=END, baseline=faces(1, neutral=0.9)[0].probabilities if seed % 2 else None)
    assert found.state not in NOT_FROM_A_FACE
    assert all(found.scores[state] < AffectConfig().leave for state in NOT_FROM_A_FACE)


def test_delight_may_be_read_from_a_face():
    found = estimate(faces(happiness=0.9), [], [], now=END)
    assert (found.state, found.evidence) == ("delighted", ("expression",))
    assert found.confidence > 0.7
    assert found.valence > 0.7
    assert not found.calibrated


def test_a_calm_face_is_no_state_at_all():
    found = estimate(faces(neutral=0.85), [], [], now=END)
    assert found.state == "neutral"
    assert abs(found.valence) < 0.1


def test_a_face_at_a_monitor_that_looks_angry_is_neither_frustrated_nor_far_from_its_usual_look():
    stern = faces(anger=0.7, neutral=0.2)
    usual = affect.baseline(stern)
    assert usual["anger"] == pytest.approx(0.7, abs=0.01)
    found = estimate(stern, [], [], now=END, baseline=usual)
    assert found.state == "neutral"
    assert abs(found.valence) < 0.1


@pytest.mark.parametrize(
    ("state", "done"),
    [
        ("confused", ("quiz_wrong", "quiz_wrong", "rewind")),
        ("frustrated", ("quiz_wrong", "quiz_wrong", "quiz_wrong", "rapid_guess", "rapid_guess")),
        ("bored", ("idle", "left_tab", "left_tab")),
    ],
)
def test_what_is_done_leads_to_a_state_and_is_given_as_the_reason(state, done):
    shown = {"confused": {"surprise": 0.3}, "frustrated": {"anger": 0.4}, "bored": {"neutral": 0.8}}[state]
    found = estimate(faces(**shown), acts(*done, at=END - 45), [], now=END)
    assert found.state == state
    assert set(found.evidence) & set(done)
    assert END - 45 < found.since <= END


def test_it_works_without_a_camera():
    found = estimate([], acts("quiz_wrong", "quiz_wrong", "rewind", "reread", at=END - 45), [], now=END)
    assert found.state == "confused"
    assert "expression" not in found.evidence
    assert estimate([], [], [], now=END).state == "unknown"


def test_what_the_student_says_wins_at_once():
    found = estimate(faces(happiness=0.9), [], [SelfReport(END - 2, "bored")], now=END)
    assert (found.state, found.evidence, found.since) == ("bored", ("self_report",), END - 2)
    assert found.confidence > 0.9
    later = estimate(faces(start=START + 200, happiness=0.9), [], [SelfReport(END - 2, "bored")], now=END + 200)
    assert later.state == "delighted"


def test_a_single_odd_window_changes_nothing():
    calm = faces(neutral=0.9)
    calm[165:175] = faces(10, START + 165, happiness=0.95)
    assert estimate(calm, [], [], now=END).state == "neutral"


def test_a_state_once_entered_is_left_only_at_a_low_score():
    happy = faces(120, happiness=0.9)
    middling = faces(60, START + 120, happiness=0.6)
    assert estimate([*happy, *middling], [], [], now=END).state == "delighted"
    assert estimate(faces(180, happiness=0.6), [], [], now=END).state == "neutral"  # as high, yet never entered
    assert estimate([*happy, *faces(60, START + 120, neutral=0.9)], [], [], now=END).state == "neutral"


def test_without_a_face_in_view_it_does_not_know():
    away = [Observation(START + second, "no_face", None) for second in range(180)]
    found = estimate(away, [], [], now=END)
    assert (found.state, found.confidence) == ("unknown", 0.0)


@pytest.mark.parametrize("outcome", ["unclear", "several_faces", "no_face"])
def test_what_is_no_clear_face_does_not_count(outcome):
    seen = [Observation(START + s, outcome, None) for s in range(180)]
    assert estimate(seen, [], [], now=END).state == "unknown"


def test_the_same_history_gives_the_same_answer_in_any_process():
    student = Student("confused", seed=3)
    whole = states_over(student)
    again = states_over(student)
    assert whole == again
    alone = estimate(student.observations[-180:], student.behaviour, [], now=START + 300, previous=whole[-2])
    assert alone.state == whole[-1].state


def test_a_baseline_waits_for_its_minute_and_for_frames_enough():
    assert affect.baseline(faces(50, neutral=0.8)) is None
    assert affect.baseline([]) is None
    assert affect.baseline([Observation(START + s, "no_face", None) for s in range(90)]) is None
    assert affect.baseline(faces(90, neutral=0.8))["neutral"] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("state", ["confused", "frustrated", "bored", "delighted"])
def test_planted_states_are_found(state):
    found = []
    for seed in range(20):
        reached = [e.since - START for e in states_over(Student(state, seed)) if e.state == state]
        found.append(min(reached, default=None))
    assert sum(at is not None for at in found) >= 15, found
    assert np.median([at for at in found if at is not None]) < 120


def test_calm_students_trigger_almost_nothing():
    hours, triggered = 0.0, 0
    for seed in range(24):
        student = Student("neutral", seed, minutes=30)
        hours += 0.5
        spells = {(e.state, e.since) for e in states_over(student) if e.state in NOT_FROM_A_FACE}
        triggered += len(spells)
    assert triggered / hours < 1


def test_noise_of_the_same_distribution_triggers_almost_nothing():
    """The frames of troubled students, shuffled among themselves and without their acts."""
    troubled = [Student(state, seed, minutes=10) for state in ("confused", "frustrated", "bored") for seed in range(6)]
    shown = [seen.probabilities for student in troubled for seen in student.observations if seen.probabilities]
    rng = np.random.default_rng(0)
    triggered = 0
    for seed in range(12):
        student = Student("neutral", seed, minutes=30)
        student.observations = [Observation(START + s, "face", shown[rng.integers(len(shown))]) for s in range(30 * 60)]
        triggered += len({(e.state, e.since) for e in states_over(student) if e.state in NOT_FROM_A_FACE})
    assert triggered / 6 < 1


def test_every_number_stays_in_its_range():
    for seed in range(10):
        for found in states_over(Student(["confused", "delighted"][seed % 2], seed)):
            assert found.state in STATES
            assert 0 <= found.confidence <= 1
            assert all(0 <= score <= 1 for score in found.scores.values())
            assert -1 <= found.valence <= 1
            assert -1 <= found.arousal <= 1


def test_features_fade_with_their_age():
    fresh = affect.features(None, 0.0, acts("rewind", at=END), END)
    old = affect.features(None, 0.0, acts("rewind", at=END - 90), END)
    index = affect.FEATURES.index("rewind")
    assert (fresh[index], old[index]) == (1.0, pytest.approx(np.exp(-1)))
    assert affect.features(None, 0.0, acts("rewind", at=END + 1), END)[index] == 0
    assert len(fresh) == len(affect.FEATURES) == len(EXPRESSIONS) + 3 + len(BEHAVIOURS)


def test_a_self_report_is_kept_with_the_features_of_the_last_window():
    student = Student("delighted", 0, minutes=3)
    kept = affect.features_at(student.observations, student.behaviour, now=START + 184)
    assert kept.shape == (len(affect.FEATURES),)
    faces, _ = affect._smoothed_faces(
        student.observations, int(START // 10), int((START + 180) // 10), None, affect.DEFAULT
    )[-1]
    assert kept[: len(EXPRESSIONS)] == pytest.approx(faces)
    assert affect.features_at(student.observations, student.behaviour, now=START + 200) is None  # nobody there
