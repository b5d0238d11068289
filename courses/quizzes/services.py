"""Everything that writes an attempt. The limits hold here: two tabs, two devices and two presses meet at a row lock.

Who begins, saves or hands in locks their own user row first, then touches the attempt; the sweep does the same.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses import completion
from courses.events.services import record
from courses.quizzes import answers as answering
from courses.quizzes import layouts, scoring
from courses.quizzes.limits import limits_for
from courses.quizzes.models import Quiz, QuizAttempt
from courses.quizzes.signals import attempt_submitted
from courses.release.locks import require_open

logger = logging.getLogger(__name__)

Answers = Mapping[int, Any]  # question id -> answer, in its kind's form


class Refused(ValueError):
    """The quiz's limits forbid it. The message is one sentence for the student."""


class NotOpen(Refused):
    """Before it opens, or after it closed."""


class NoAttemptLeft(Refused):
    """All attempts are used up."""


class NotBegun(Refused):
    """A quiz with a time or attempt limit is begun first."""


class TimeIsUp(Refused):
    """The attempt's deadline is past. What was saved counts."""


class HandedIn(Refused):
    """The attempt was handed in already, perhaps from another window."""


class UnansweredQuestions(ValueError):
    """Some answers are missing or not whole. `problems` tells which and what, in the order shown."""

    def __init__(self, problems: dict[int, str]):
        self.problems = problems
        self.question_ids = list(problems)
        n = len(problems)
        super().__init__(ngettext("%(n)s question has no answer.", "%(n)s questions have no answer.", n) % {"n": n})


def begin_attempt(*, user: User, quiz: Quiz) -> QuizAttempt:
    """Begin, or go on with the attempt that is open. Raises NotOpen and NoAttemptLeft."""
    end_if_over(user=user, quiz=quiz)
    with transaction.atomic():
        _lock(user.pk)
        return QuizAttempt.objects.of(user, quiz).unsubmitted().first() or _begin(user, quiz)


def save_answers(*, user: User, quiz: Quiz, answers: Answers, number: int | None = None) -> QuizAttempt:
    """Keep these answers in the open attempt; those to other questions stay as they are. Where the quiz has no
    beginning, the first answer begins the attempt. `number` is the attempt's that the page shows, so that a window left
    open neither changes nor begins another. Raises Refused.
    """
    end_if_over(user=user, quiz=quiz)
    with transaction.atomic():
        _lock(user.pk)
        attempt = _open_attempt(user, quiz, number)
        _keep(attempt, quiz, layouts.stored(attempt), answers)
    return attempt


def submit_quiz(
    *, user: User, quiz: Quiz, answers: Answers, number: int | None = None, anyway: bool = False
) -> QuizAttempt:
    """Keep these answers, score the attempt and hand it in, once: its second press, or its second window, gets the same
    attempt back if it names its `number`. Past the deadline the answers given here are left out, and what was saved
    before counts. Raises UnansweredQuestions (the answers are kept), unless `anyway`, and Refused.
    """
    end_if_over(user=user, quiz=quiz)
    with transaction.atomic():
        _lock(user.pk)
        if number is not None:
            done = QuizAttempt.objects.of(user, quiz).submitted().filter(number=number).first()
            if done:
                return done
        attempt = _open_attempt(user, quiz, number)
        slots = layouts.stored(attempt)
        _keep(attempt, quiz, slots, answers)
        missing = {} if anyway else answering.problems(slots, attempt.answers)
        if not missing:
            _finish(attempt, slots, at=timezone.now())
    if missing:  # raised outside, so that the answers stay
        raise UnansweredQuestions(missing)
    return attempt


def score_quiz(*, user: User, quiz: Quiz, answers: Answers, anyway: bool = False) -> QuizAttempt:
    """An attempt that is not recorded: what a teacher's preview shows. Raises UnansweredQuestions."""
    slots = layouts.preview(user, quiz)
    kept = answering.merge(slots, {}, answers)
    if not anyway and (missing := answering.problems(slots, kept)):
        raise UnansweredQuestions(missing)
    attempt = QuizAttempt(user=user, quiz=quiz, layout=layouts.to_json(slots), answers=kept)
    for field, value in _score(slots, kept).items():
        setattr(attempt, field, value)
    return attempt


def end_if_over(*, user: User, quiz: Quiz) -> QuizAttempt | None:
    """Score and hand in this person's attempt if its time is up. The attempt, if there was one."""
    now = timezone.now()
    over = QuizAttempt.objects.of(user, quiz).unsubmitted().filter(deadline__lte=now).first()
    return over and _expire(over)


def close_expired_attempts(*, now: datetime | None = None, limit: int = 500) -> int:
    """The sweep: hand in the open attempts whose time is up, oldest first. Run twice at once, each is handed in once.
    Returns how many this call handed in."""
    over = QuizAttempt.objects.unsubmitted().filter(deadline__lte=now or timezone.now()).order_by("deadline", "pk")
    closed = 0
    for attempt in over[:limit]:
        try:
            closed += _expire(attempt) is not None
        except Exception:  # one that cannot be scored must not keep all others open
            logger.exception("Attempt %d could not be handed in; the next try is at the next sweep.", attempt.pk)
    return closed


@transaction.atomic
def renew_deadlines(*, quiz: Quiz, user_id: int | None = None) -> int:
    """The quiz's limits or an accommodation changed (receivers.py tells): open attempts, or this person's, get the
    deadlines they have now. A shorter time that is over already counts from now instead, so a change takes nobody's
    attempt away under their hands. Returns how many changed."""
    now, changed = timezone.now(), 0
    attempts = QuizAttempt.objects.filter(quiz=quiz).unsubmitted()
    if user_id is not None:
        attempts = attempts.filter(user_id=user_id)
    for attempt in attempts.select_for_update().order_by("pk"):
        limits, started_at = limits_for(attempt.user, quiz), attempt.started_at
        deadline = limits.deadline(started_at)
        if deadline and deadline <= now and not attempt.is_over(now) and not limits.is_closed(now):
            started_at, deadline = now, limits.deadline(now)
        if deadline != attempt.deadline:
            mine = QuizAttempt.objects.unsubmitted().filter(pk=attempt.pk)
            changed += mine.update(deadline=deadline, started_at=started_at)
    return changed


def _lock(user_id: int) -> None:
    # no_key: rows that point at the user can still be written by others, who may be waiting for an attempt of theirs.
    User.objects.select_for_update(no_key=True).get(pk=user_id)


def _begin(user: User, quiz: Quiz) -> QuizAttempt:
    require_open(user=user, lesson=quiz.lesson)  # what was begun may be finished
    now, limits = timezone.now(), limits_for(user, quiz)
    if limits.opens_at and limits.is_early(now):
        raise NotOpen(_("This quiz opens on %(when)s.") % {"when": in_words(limits.opens_at)})
    if limits.closes_at and limits.is_closed(now):
        raise NotOpen(_("This quiz closed on %(when)s.") % {"when": in_words(limits.closes_at)})
    number = layouts.next_number(user, quiz)
    if limits.attempts is not None and QuizAttempt.objects.of(user, quiz).count() >= limits.attempts:
        raise NoAttemptLeft(_("You have used all your attempts at this quiz."))
    return QuizAttempt.objects.create(
        user=user,
        quiz=quiz,
        number=number,
        started_at=now,
        deadline=limits.deadline(now),
        layout=layouts.to_json(layouts.draw(quiz, user_id=user.pk, number=number)),
    )


def _open_attempt(user: User, quiz: Quiz, number: int | None) -> QuizAttempt:
    """The attempt that the page with this number shows, begun now where that is the way. Under the lock."""
    mine = QuizAttempt.objects.of(user, quiz)
    attempt = mine.unsubmitted().first()
    if number is not None and number != (attempt.number if attempt else layouts.next_number(user, quiz)):
        if (ended := mine.filter(number=number, expired=True).first()) is not None:
            raise TimeIsUp(time_is_up(ended))
        raise HandedIn(_("This attempt was handed in already, perhaps from another window."))
    if attempt is None:
        if quiz.has_beginning:
            raise NotBegun(_("Begin the quiz first."))
        return _begin(user, quiz)
    if attempt.is_over(timezone.now()):  # just now, since it was looked at before the lock
        raise TimeIsUp(time_is_up(attempt))
    return attempt


def time_is_up(attempt: QuizAttempt) -> str:
    return _("The time was up at %(when)s. What was saved by then counts.") % {"when": in_words(attempt.deadline)}


def in_words(moment: datetime) -> str:
    """In the active language and time zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _keep(attempt: QuizAttempt, quiz: Quiz, slots: list[layouts.Slot], answers: Answers) -> None:
    now, before = timezone.now(), attempt.answers
    attempt.answers = answering.merge(slots, before, answers)
    since = attempt.saved_at or (attempt.started_at if quiz.has_beginning else None)
    attempt.seconds = _timed(attempt, before, since and (now - since).total_seconds())
    attempt.saved_at = now
    attempt.save(update_fields=["answers", "saved_at", "seconds"])


def _timed(attempt: QuizAttempt, before: Mapping[str, Any], passed: float | None) -> dict[str, float | None]:
    """How long each question was worked at, with the seconds that `passed` since the last save: they go to the answers
    that changed. Where the first answer begins the attempt, nobody knows how long its question had been read."""
    changed = [pk for pk in {**before, **attempt.answers} if before.get(pk) != attempt.answers.get(pk)]
    seconds = dict(attempt.seconds)
    for pk in changed:
        so_far = seconds.get(pk, None if pk in before else 0.0)
        seconds[pk] = None if so_far is None or passed is None else round(so_far + passed / len(changed), 1)
    return seconds


def _expire(attempt: QuizAttempt) -> QuizAttempt | None:
    with transaction.atomic():
        _lock(attempt.user_id)
        # Again, under the lock: an answer may just have been saved, the attempt handed in, or its deadline moved.
        attempt = QuizAttempt.objects.unsubmitted().filter(pk=attempt.pk).select_related("quiz__block__lesson").first()
        if attempt is None or not attempt.is_over(timezone.now()):
            return None
        return attempt if _finish(attempt, layouts.stored(attempt), at=attempt.deadline, expired=True) else None


def _score(slots: list[layouts.Slot], kept: Mapping[str, Any]) -> dict[str, Any]:
    shares = {
        slot.question.pk: scoring.share(
            slot.question, list(slot.question.choices.all()), kept.get(str(slot.question.pk))
        )
        for slot in slots
    }
    points = round(sum(shares[slot.question.pk] * slot.points for slot in slots), 6)
    max_points = float(sum(slot.points for slot in slots))
    return {
        "results": {str(pk): round(share, 6) for pk, share in shares.items()},
        "points": points,
        "max_points": max_points,
        "score_percent": scoring.percent(points, max_points),
    }


def _finish(attempt: QuizAttempt, slots: list[layouts.Slot], *, at: datetime, expired: bool = False) -> bool:
    """Score and hand in. Of two calls at once one wins, and only that one has effects."""
    scored = _score(slots, attempt.answers)
    open_one = QuizAttempt.objects.unsubmitted().filter(pk=attempt.pk)
    # Its times are for whoever hears of it below; a finished attempt keeps none.
    if not open_one.update(submitted_at=at, expired=expired, seconds={}, **scored):
        return False
    for field, value in {"submitted_at": at, "expired": expired, **scored}.items():
        setattr(attempt, field, value)
    result = {"score": attempt.score_percent / 100, "passed": attempt.passed}
    record(kind="quiz_submitted", user=attempt.user, block=attempt.quiz.block, data=result, key=attempt.pk)
    completion.submitted(user=attempt.user, block=attempt.quiz.block, passed=attempt.passed)
    attempt_submitted.send(sender=QuizAttempt, attempt=attempt)
    return True
