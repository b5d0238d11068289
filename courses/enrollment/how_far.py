"""How far the people of a course came, as a filter of their list: the rows behind the numbers of the course's home."""

from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson, Progress

THIS_WEEK = timedelta(days=7)


class HowFar(TextChoices):
    """Of one lesson, or of a course: all its published lessons."""

    ACTIVE = "active", _("Here in the last seven days")
    BEGAN = "began", _("Began")
    STOPPED = "stopped", _("Began, not completed")
    COMPLETED = "completed", _("Completed")


def users_who(how_far: HowFar, course: Course, lesson: Lesson | None = None) -> QuerySet[Progress, dict[str, int]]:
    """Rows {"user"}, for a subquery. To be here counts in lessons that are no longer published too."""
    progress = Progress.objects.in_course(course).order_by()
    if how_far == HowFar.ACTIVE:
        here = progress.filter(lesson=lesson) if lesson else progress
        return here.values("user").annotate(seen=Max("last_seen_at")).filter(seen__gte=active_since()).values("user")
    asked = [lesson.pk] if lesson else list(Lesson.objects.for_course(course).published().values_list("pk", flat=True))
    began = progress.filter(lesson__in=asked).values("user")
    counted = began.annotate(done=Count("pk", filter=Q(completed_at__isnull=False)))
    if how_far == HowFar.COMPLETED:
        return counted.filter(done=len(asked)).values("user")
    return counted.filter(done__lt=len(asked)).values("user") if how_far == HowFar.STOPPED else began


def active_since() -> datetime:
    return timezone.now() - THIS_WEEK
