"""A course as a student sees it who has just joined, for those who teach it: no drafts and nothing half-written, closed
where it is closed to them, limits as they are. What the one who looks does there is recorded no more than before.
"""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from courses.models import Course

SESSION_KEY = "as_student"


class Newcomer(AnonymousUser):
    """Nobody: has no id, so there are no rows of theirs, and none can be written. They joined this moment."""


def sees_as_student(request: HttpRequest, course: Course) -> bool:
    """Whether this person looks at this course with a student's eyes now."""
    chosen = request.user.is_authenticated and request.session.get(SESSION_KEY) == course.pk
    return bool(chosen and course.is_staffed_by(request.user))


def see_as_student(request: HttpRequest, course: Course, *, on: bool) -> None:
    """One course at a time; until it is switched off, or they sign out."""
    if on:
        request.session[SESSION_KEY] = course.pk
    else:
        request.session.pop(SESSION_KEY, None)
