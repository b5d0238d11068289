from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, FloatField, Max, Q, Value
from django.db.models.functions import Cast, NullIf

from courses.querysets import PartQuerySet, _taught_course_ids

TOUCHED_WITHIN = timedelta(minutes=30)


class QuizQuerySet(PartQuerySet):
    to_course, to_lesson = "block__lesson__module__course", "block__lesson"

    def present(self) -> Self:
        """Without those whose part was taken out of its lesson."""
        return self.filter(block__removed_at=None)


class PoolQuerySet(PartQuerySet):
    """A pool of questions is its course's teachers' alone: students meet its questions in their attempts only."""

    to_course = "course"

    def visible_to(self, user) -> Self:
        return self.taught_by(user)


class QuestionQuerySet(PartQuerySet):
    """A question stands in a quiz or in a pool, so there are two ways to its course."""

    to_course, to_lesson = "quiz__block__lesson__module__course", "quiz__block__lesson"

    def for_course(self, course) -> Self:
        return self.filter(Q(**{self.to_course: course}) | Q(pool__course=course))

    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        taught = _taught_course_ids(user)
        return self.filter(Q(**{f"{self.to_course}__in": taught}) | Q(pool__course__in=taught))

    def visible_to(self, user) -> Self:
        return self.taught_by(user)


class QuizAttemptQuerySet(models.QuerySet):
    """An attempt that was not handed in counts nowhere: whatever counts begins with `submitted()`."""

    def submitted(self) -> Self:
        return self.exclude(submitted_at=None)

    def unsubmitted(self) -> Self:
        return self.filter(submitted_at=None)

    def of(self, user, quiz) -> Self:
        return self.filter(user_id=user.pk, quiz=quiz)

    def being_answered(self, now: datetime) -> Self:
        """Open ones at which somebody may sit: while their time runs or, where no time ends them, which nobody may ever
        come back to, while they were begun or saved lately."""
        lately = now - TOUCHED_WITHIN
        timed = Q(quiz__minutes__isnull=False, deadline__gt=now)
        return self.unsubmitted().filter(timed | Q(started_at__gt=lately) | Q(saved_at__gt=lately))

    def of_limited_quizzes(self) -> Self:
        """Of those that use something up (`Quiz.has_beginning`): exams, as far as one can tell."""
        return self.filter(Q(quiz__minutes__isnull=False) | Q(quiz__attempt_limit__isnull=False))

    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(quiz__block__lesson__module__course__in=_taught_course_ids(user))

    def visible_to(self, user) -> Self:
        """One's own, and those in courses one teaches."""
        if user.is_superuser:
            return self
        return self.filter(Q(user_id=user.pk) | Q(quiz__block__lesson__module__course__in=_taught_course_ids(user)))

    def best_shares(self) -> "models.QuerySet":
        """Rows {"quiz_id", "user_id", "best"}: the best submitted attempt of each person in each quiz, in 0..1."""
        share = F("points") / NullIf(Cast("max_points", FloatField()), Value(0.0))
        return self.submitted().order_by().values("quiz_id", "user_id").annotate(best=Max(share))


class AccommodationQuerySet(models.QuerySet):
    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        taught = _taught_course_ids(user)
        return self.filter(Q(quiz__block__lesson__module__course__in=taught) | Q(whole_course__in=taught))

    def for_quiz(self, quiz) -> Self:
        """Those of the quiz, then those of its course."""
        course = quiz._meta.model.objects.filter(pk=quiz.pk).values("block__lesson__module__course")
        return self.filter(Q(quiz=quiz) | Q(whole_course__in=course)).order_by(F("quiz").asc(nulls_last=True), "pk")
