from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import UniqueConstraint
from django.utils.translation import gettext as _

from courses.release import querysets


class CohortLessonDate(models.Model):
    """When a lesson opens for one cohort. It stands in for every other date of that lesson."""

    cohort = models.ForeignKey("courses.Cohort", models.CASCADE, related_name="lesson_dates")
    lesson = models.ForeignKey("courses.Lesson", models.CASCADE, related_name="cohort_dates")
    opens_at = models.DateTimeField()

    objects = querysets.CohortLessonDateQuerySet.as_manager()

    class Meta:
        verbose_name = "date for a cohort"
        verbose_name_plural = "dates for cohorts"
        ordering = ["opens_at"]
        constraints = [UniqueConstraint(fields=["cohort", "lesson"], name="cohortlessondate_unique_lesson_in_cohort")]

    def __str__(self) -> str:
        return f"{self.lesson} for {self.cohort}"

    @property
    def course(self):
        return self.lesson.course

    def clean(self) -> None:
        if self.cohort_id and self.lesson_id and self.cohort.course_id != self.lesson.module.course_id:
            raise ValidationError({"cohort": _("This cohort takes another course.")})
