from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from courses.querysets import PartQuerySet, _enrolled_course_ids


def graded_course_ids(user):
    """The courses whose work this person may mark: as instructor or as assistant."""
    return _enrolled_course_ids(user).filter(role__in=["instructor", "assistant"])


class AssignmentQuerySet(PartQuerySet):
    to_course, to_lesson = "block__lesson__module__course", "block__lesson"

    def present(self) -> Self:
        """Without those whose part was taken out of its lesson."""
        return self.filter(block__removed_at=None)

    def graded_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(block__lesson__module__course__in=graded_course_ids(user))

    def taken_by(self, user) -> Self:
        """Those this person hands in: as a student, in published lessons."""
        mine = _enrolled_course_ids(user).filter(role="student")
        return self.visible_to(user).filter(block__lesson__module__course__in=mine, block__lesson__status="published")


class CriterionQuerySet(PartQuerySet):
    to_course, to_lesson = "assignment__block__lesson__module__course", "assignment__block__lesson"


class SubmissionQuerySet(models.QuerySet):
    course = "assignment__block__lesson__module__course"

    def submitted(self) -> Self:
        return self.exclude(submitted_at=None)

    def drafts(self) -> Self:
        return self.filter(submitted_at=None)

    def newest(self) -> Self:
        """Of each person, what they handed in last for an assignment: what is marked and counted as waiting."""
        handed_in = self.submitted()
        same = self.model.objects.submitted().filter(assignment=OuterRef("assignment"), user=OuterRef("user"))
        return handed_in.exclude(Exists(same.filter(number__gt=OuterRef("number"))))

    def graded_by(self, user) -> Self:
        """What came in from students, for those who mark it; a draft is its writer's alone."""
        rows = self.submitted()
        return rows if user.is_superuser else rows.filter(**{f"{self.course}__in": graded_course_ids(user)})

    def visible_to(self, user) -> Self:
        if user.is_superuser:
            return self.filter(Q(user_id=user.pk) | ~Q(submitted_at=None))
        graded = Q(**{f"{self.course}__in": graded_course_ids(user)}) & ~Q(submitted_at=None)
        return self.filter(Q(user_id=user.pk) | graded)


class SubmissionFileQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        from courses.assignments.models import Submission

        return self.filter(submission__in=Submission.objects.visible_to(user))
