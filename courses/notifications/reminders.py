"""Who hears of what is due."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from courses.calendar.deadlines import deadlines
from courses.models import Assignment, Course, Enrollment, Quiz, QuizAccommodation
from courses.notifications.services import notify_deadline

AHEAD = timedelta(hours=24)


def remind_of_deadlines() -> int:
    """Tell each student once of what they have not done yet and what is due within a day. Returns how many were told or
    had been told before.

    A student is asked about one at a time, since what is due is theirs: handed in, passed, given more time. Only the
    students of a course in which something ends soon are.
    """
    now = timezone.now()
    until = now + AHEAD
    soon = Q(due_at__gt=now, due_at__lte=until)
    closing = Q(closes_at__gt=now, closes_at__lte=until)
    to_course = "block__lesson__module__course"
    courses = {
        *Assignment.objects.present().filter(soon).values_list(to_course, flat=True),
        *Quiz.objects.present().filter(closing).values_list(to_course, flat=True),
        *QuizAccommodation.objects.filter(closing).values_list(
            Coalesce("whole_course_id", f"quiz__{to_course}_id"), flat=True
        ),
    }
    told = 0
    for course in Course.objects.published().filter(pk__in=courses):
        for enrollment in Enrollment.objects.active().students().for_course(course).select_related("user"):
            for deadline in deadlines(enrollment.user, [course]):
                if now < deadline.at <= until:
                    told += notify_deadline(deadline.title, course, deadline.url, [enrollment.user_id], deadline.at)
    return told
