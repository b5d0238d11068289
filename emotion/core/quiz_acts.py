"""What a quiz that was handed in says of how it goes, as acts for emotion.core.affect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.core.affect import DEFAULT, AffectConfig


@dataclass(frozen=True)
class Answered:
    """A question that was answered: its share of the points in 0..1, the characters there were to read, and the seconds
    it took, None where they are not known."""

    share: float
    characters: int = 0
    seconds: float | None = None


def quiz_acts(answers: Sequence[Answered], config: AffectConfig = DEFAULT) -> list[str]:
    """An act for each answer: right or wrong, and a rapid guess besides; of each kind a few at most.

    Who answers before the question can have been read is not trying to solve it (Wise and Kong 2005, "Response Time
    Effort", whose limits by length of the question these are). They took such answers for guesses by time alone, in
    tests that show a question at a time. Here a page shows all of them and may be read ahead, or a quiz is done anew
    from memory, so only a wrong one counts.
    """
    wrong = [answer for answer in answers if answer.share < 1]
    found = {
        "quiz_wrong": len(wrong),
        "quiz_right": len(answers) - len(wrong),
        "rapid_guess": sum(is_rapid(answer, config) for answer in wrong),
    }
    return [kind for kind, times in found.items() for _ in range(min(times, config.most_of_one_quiz))]


def is_rapid(answer: Answered, config: AffectConfig = DEFAULT) -> bool:
    if answer.seconds is None:
        return False
    return answer.seconds < next(limit for length, limit in config.rapid if answer.characters < length)
