"""When support is offered: rarely, never at once, and as the student wished."""

import numpy as np
import pytest

from emotion.core.affect import StateEstimate
from emotion.core.support import (
    Occasion,
    Rule,
    Wishes,
    always_valid_high,
    choose,
    effect,
    is_held_out,
    quiet_until,
    wilson,
)

NOW = 1_000_000.0
HINT = Rule(1, "confused", 75, 0.65, 1200, "doing_well")
ALL_OF_IT = Wishes()
CHEER = Rule(2, "confused", 75, 0.65, 1200, "struggling")


def offered(*, lasted=80.0, confidence=0.8, rules=(HINT, CHEER), past=(), wishes=ALL_OF_IT, **extra):
    estimate = StateEstimate("confused", confidence, NOW - lasted)
    return choose(estimate, rules, past, wishes, now=NOW, **extra)


def test_confusion_is_given_time_to_resolve():
    assert offered(lasted=60) is None
    assert offered(lasted=80) == HINT


@pytest.mark.parametrize(
    "unwanted",
    [
        {"answering_quiz": True},
        {"confidence": 0.5},
        {"wishes": Wishes(off=True)},
        {"wishes": Wishes(snoozed_until=NOW + 1)},
        {"wishes": Wishes(muted_states=["confused"])},
        {"wishes": Wishes(muted_rules=[1, 2])},
    ],
)
def test_nothing_is_offered_where_it_is_not_wanted(unwanted):
    assert offered(**unwanted) is None


def test_hints_for_those_who_do_well_and_encouragement_for_those_who_struggle():
    assert offered(score=0.9) == HINT
    assert offered(score=0.3) == CHEER


def test_what_was_said_need_not_have_lasted():
    assert offered(lasted=0, said=True) == HINT


def test_ten_minutes_between_offers_and_three_an_hour():
    assert quiet_until([Occasion(9, NOW)]) == NOW + 600
    three = [Occasion(9, NOW), Occasion(9, NOW - 700), Occasion(9, NOW - 1400)]
    assert quiet_until(three) == NOW - 1400 + 3600


def test_each_dismissal_doubles_the_pause_to_four_hours():
    rows = [Occasion(9, NOW - 5000 * n, ("dismissed", "fine")[n % 2]) for n in range(8)]
    assert quiet_until(rows[:1]) == NOW + 1200
    assert quiet_until(rows[:2]) == NOW + 2400
    assert quiet_until(rows) == NOW + 4 * 3600


def test_an_offer_held_out_keeps_the_same_pause():
    assert offered(past=[Occasion(9, NOW - 100, held_out=True)]) is None


def test_holding_out_is_repeatable_and_about_the_share():
    drawn = [is_held_out(1, 1, occasion, 0.2) for occasion in range(5000)]
    assert drawn == [is_held_out(1, 1, occasion, 0.2) for occasion in range(5000)]
    assert 0.18 < sum(drawn) / 5000 < 0.22
    assert not any(is_held_out(1, 1, occasion, 0.0) for occasion in range(100))


def test_the_interval_is_newcombes():
    found = effect((56, 70), (48, 80))  # the example in Newcombe 1998, table II, method 10
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert effect((0, 0), (1, 2)) is None


def is_ever_paused(seed: int, *, harm: float, occasions_a_day: float) -> bool:
    """Four weeks of a rule that is looked at each hour, a fifth of its occasions held out, by three outcomes."""
    rng = np.random.default_rng(seed)
    occasions = rng.poisson(occasions_a_day / 24, 4 * 7 * 24)
    held = rng.binomial(occasions, 0.2)
    arms = [(occasions - held, harm), (held, 0.0)]
    looks = zip(
        *(
            zip(np.cumsum(rng.binomial(n, share - loss)).tolist(), np.cumsum(n).tolist(), strict=True)
            for share, loses in ((0.5, True), (0.7, False), (0.6, False))
            for n, loss in ((n, loss * loses) for n, loss in arms)
        ),
        strict=True,
    )
    for look in looks:
        for shown, held_out in zip(look[::2], look[1::2], strict=True):
            high = always_valid_high(shown, held_out, outcomes=3)
            if high is not None and high < 0:
                return True
    return False


def test_a_harmless_rule_that_is_looked_at_hourly_is_hardly_ever_paused():
    assert sum(is_ever_paused(seed, harm=0, occasions_a_day=30) for seed in range(200)) < 10


def test_a_harmful_rule_is_mostly_paused():
    assert sum(is_ever_paused(seed, harm=0.2, occasions_a_day=30) for seed in range(200)) > 150


def test_few_occasions_pause_nothing_however_bad_they_look():
    assert effect((0, 100), (29, 29)).always_high is None
    assert effect((0, 29), (100, 100)).always_high is None
    assert effect((0, 30), (30, 30)).always_high < 0


def test_more_outcomes_ask_for_more():
    assert effect((40, 100), (60, 100), outcomes=3).always_high > effect((40, 100), (60, 100)).always_high


def test_wilsons_interval_is_that_of_the_tables():
    assert wilson(14, 22) == pytest.approx((0.4295, 0.8027), abs=1e-3)
    assert wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-3)
