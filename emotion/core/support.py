"""Whether now is the time to offer support. Pure functions: what is known goes in, a rule or nothing comes out.

Confusion that resolves by itself is productive, so it is given time; frustration is answered sooner (D'Mello and
Graesser 2012, "Dynamics of affective states during complex learning").
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from emotion.core.affect import StateEstimate

BETWEEN_SECONDS = 600.0  # at most one prompt in ten minutes,
MOST_AN_HOUR = 3
LONGEST_PAUSE_SECONDS = 4 * 3600.0
HOUR = 3600.0
LEAST_OCCASIONS = 30  # in each arm, before a rule may be paused
WRONG_PAUSES = 0.05  # the chance that a harmless rule is ever paused, however often it is looked at
HARM_LOOKED_FOR = 0.2  # the difference at which the sequence of intervals is narrowest


@dataclass(frozen=True)
class Rule:
    """`first_for` is "struggling" or "doing_well" for a rule that those students get before others, else empty."""

    key: int
    state: str
    lasting_seconds: float
    min_confidence: float
    cooldown_seconds: float
    first_for: str = ""


@dataclass(frozen=True)
class Occasion:
    """An offer made before, at a Unix time. `response` as the student gave it, empty for none."""

    rule: int
    at: float
    response: str = ""
    held_out: bool = False


@dataclass(frozen=True)
class Wishes:
    """What a student asked of support."""

    off: bool = False
    snoozed_until: float = 0.0
    muted_states: Collection[str] = ()
    muted_rules: Collection[int] = ()


def choose(
    estimate: StateEstimate,
    rules: Sequence[Rule],
    past: Sequence[Occasion],
    wishes: Wishes,
    *,
    now: float,
    answering_quiz: bool = False,
    score: float | None = None,
    said: bool = False,
) -> Rule | None:
    """The rule whose offer is due now, or None.

    `past` holds the occasions of the last day, in any course; `score` the mean of recent quiz results in
    0..1, by which hints come before empathy for those who do well, and encouragement first for those who struggle (as
    Affective AutoTutor did: D'Mello et al. 2010). A rule of `rules` counts before those after it.
    `said` by the student in so many words, a state need not have lasted.
    """
    if wishes.off or answering_quiz or now < wishes.snoozed_until or estimate.state in wishes.muted_states:
        return None
    if now < quiet_until(past):
        return None
    due = [
        rule
        for rule in rules
        if rule.state == estimate.state
        and rule.key not in wishes.muted_rules
        and (said or now - estimate.since >= rule.lasting_seconds)
        and estimate.confidence >= rule.min_confidence
        and all(now - before.at >= rule.cooldown_seconds for before in past if before.rule == rule.key)
    ]
    standing = "" if score is None else "doing_well" if score >= 0.7 else "struggling"

    def unfit(rule: Rule) -> float:
        if not rule.first_for or not standing:
            return 0.5
        return 0.0 if rule.first_for == standing else 1.0

    return min(due, key=unfit, default=None)


def quiet_until(past: Sequence[Occasion]) -> float:
    """The Unix time before which nothing is offered. Each dismissal or "fine" in a row doubles the pause, to four
    hours; an accepted offer ends the row. An offer held out counts like one shown, or the two would not be alike."""
    if not past:
        return 0.0
    newest_first = sorted(past, key=lambda before: -before.at)
    dismissals = 0
    for before in newest_first:
        if before.response == "accepted":
            break
        dismissals += before.response in ("fine", "dismissed", "dont_ask")
    until = newest_first[0].at + min(LONGEST_PAUSE_SECONDS, BETWEEN_SECONDS * 2**dismissals)
    if len(newest_first) >= MOST_AN_HOUR:
        until = max(until, newest_first[MOST_AN_HOUR - 1].at + HOUR)
    return until


def is_held_out(rule: int, user: int, occasion: int, share: float) -> bool:
    """Whether this occasion is left without an offer, to learn what happens without one. By a hash, so that it can be
    checked afterwards and no one chooses."""
    digest = hashlib.sha256(f"support:{rule}:{user}:{occasion}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share


@dataclass(frozen=True)
class Effect:
    """How much more often something happened after offers shown than after those held out, with its 95 % interval."""

    shown: int
    held_out: int
    difference: float
    low: float
    high: float
    always_high: float | None = None  # see `always_valid_high`


def effect(shown: tuple[int, int], held_out: tuple[int, int], *, outcomes: int = 1) -> Effect | None:
    """(times it happened, occasions) of each -> the difference of the two shares, by Newcombe's hybrid score interval
    (1998, "Interval estimation for the difference between independent proportions", method 10). None without both.

    That interval holds for one look. A rule is judged, every hour, by `always_high`; `outcomes` says of how many.
    """
    (a, m), (b, n) = shown, held_out
    if not m or not n:
        return None
    p, q = a / m, b / n
    (p_low, p_high), (q_low, q_high) = wilson(a, m), wilson(b, n)
    low = p - q - ((p - p_low) ** 2 + (q_high - q) ** 2) ** 0.5
    high = p - q + ((p_high - p) ** 2 + (q - q_low) ** 2) ** 0.5
    return Effect(m, n, p - q, low, high, always_valid_high(shown, held_out, outcomes=outcomes))


def always_valid_high(shown: tuple[int, int], held_out: tuple[int, int], *, outcomes: int = 1) -> float | None:
    """The upper end of an interval for the difference that may be looked at as often as one likes: over all looks
    together it lies below a true difference with a chance of at most WRONG_PAUSES / outcomes. None below
    LEAST_OCCASIONS in either arm.

    By the mixture of Robbins (1970, "Statistical methods related to the law of the iterated logarithm"), as Johari et
    al. use it for two streams (2022, "Always Valid Inference: Continuous Monitoring of A/B Tests"): with the variance
    V of the difference and a mixing deviation t, its half-width is sqrt(V (V + t^2) / t^2 * ln((V + t^2) / (V a^2))).
    One side is looked at, so a is twice the chance. Shares and V are of Agresti and Caffo (2000), which have one
    success and one failure more in each arm, or a share of 0 or 1 would have no variance.
    """
    (a, m), (b, n) = shown, held_out
    if min(m, n) < LEAST_OCCASIONS:
        return None
    p, q = (a + 1) / (m + 2), (b + 1) / (n + 2)
    variance, mixing = p * (1 - p) / (m + 2) + q * (1 - q) / (n + 2), HARM_LOOKED_FOR**2
    chance = 2 * WRONG_PAUSES / outcomes
    spread = variance + mixing
    return p - q + (variance * spread / mixing * math.log(spread / (variance * chance**2))) ** 0.5


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927)."""
    centre = (successes + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (successes * (n - successes) / n + z * z / 4) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)
