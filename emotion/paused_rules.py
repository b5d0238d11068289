"""What those who teach are told of a rule of support: the only notice that `emotion` gives, and it names no student."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Course, Enrollment
from courses.notifications.models import NotificationKind
from courses.notifications.services import notify_in_their_language
from emotion.models import SupportRule


def tell_of_pause(rule: SupportRule) -> None:
    """Those who teach where it counted: its course or, for one of the starter set, every running course without rules
    of its own for the state. Whether it was ever offered there is not told by this."""
    courses = Course.objects.filter(status=Course.Status.PUBLISHED)
    if rule.course_id or rule.lesson_id:
        courses = Course.objects.filter(Q(pk=rule.course_id) | Q(modules__lessons=rule.lesson_id)).distinct()
    else:
        own = SupportRule.objects.filter(state=rule.state, course__isnull=False, lesson=None)
        courses = courses.exclude(pk__in=own.values("course"))
    moment = f"{timezone.now():%Y%m%d%H%M}"
    for course in courses:
        notify_in_their_language(
            Enrollment.objects.active().instructors().filter(course=course).values_list("user", flat=True),
            lambda course=course: (
                _("A rule of support in “%(course)s” was paused: it seems to do harm") % {"course": course.title}
            ),
            kind=NotificationKind.PAUSED,
            key=f"paused:{rule.pk}:{course.pk}:{moment}",
            url=reverse("emotion:rules", args=[course.slug]),
            course=course,
        )
