"""A quiz's limits as they are for one person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from courses.quizzes.models import Quiz, QuizAccommodation


@dataclass(frozen=True)
class Limits:
    """None: no limit."""

    opens_at: datetime | None
    closes_at: datetime | None
    time: timedelta | None
    attempts: int | None

    def deadline(self, started_at: datetime) -> datetime | None:
        """When an attempt that began then ends: by its time or by the closing, whichever comes first."""
        ends = [self.closes_at, self.time and started_at + self.time]
        return min((end for end in ends if end), default=None)

    def is_early(self, now: datetime) -> bool:
        return self.opens_at is not None and now < self.opens_at

    def is_closed(self, now: datetime) -> bool:
        return self.closes_at is not None and now >= self.closes_at


def limits_of(quiz: Quiz, extra: QuizAccommodation | None) -> Limits:
    closes_at = quiz.closes_at
    if closes_at and extra and extra.closes_at:
        closes_at = max(closes_at, extra.closes_at)
    attempts = quiz.attempt_limit
    if attempts is not None and extra:
        attempts += extra.extra_attempts
    time = quiz.minutes and timedelta(minutes=quiz.minutes * (extra.time_factor if extra else 1))
    return Limits(quiz.opens_at, closes_at, time or None, attempts)


def limits_for(user, quiz: Quiz) -> Limits:
    """One query."""
    return limits_of(quiz, QuizAccommodation.objects.for_quiz(quiz).filter(user_id=user.pk).first())
