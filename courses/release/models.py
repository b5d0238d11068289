from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import UniqueConstraint
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.release import querysets


class CohortLessonDate(models.Model):
    """When a lesson opens for one cohort. It stands in for every other date of that lesson."""

    cohort = models.ForeignKey("courses.Cohort", models.CASCADE, verbose_name=_("cohort"), related_name="lesson_dates")
    lesson = models.ForeignKey("courses.Lesson", models.CASCADE, verbose_name=_("lesson"), related_name="cohort_dates")
    opens_at = models.DateTimeField(_("opens at"))

    objects = querysets.CohortLessonDateQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("date for a cohort"), _("dates for cohorts")
        ordering = ["opens_at"]
        constraints = [UniqueConstraint(fields=["cohort", "lesson"], name="cohortlessondate_unique_lesson_in_cohort")]

    def __str__(self) -> str:
        return f"{self.lesson} for {self.cohort}"

    @property
    def course(self):
        return self.lesson.course

    def clean(self) -> None:
        if self.cohort_id and self.lesson_id and self.cohort.course_id != self.lesson.module.course_id:
            raise ValidationError({"cohort": gettext("This cohort takes another course.")})
