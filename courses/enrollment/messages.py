from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from courses.enrollment.services import place_in_line
from courses.models import Enrollment


def tell_what_came_of_it(request: HttpRequest, enrollment: Enrollment) -> None:
    """Say on the next page whether somebody is in, waits, or has asked."""
    status, role = enrollment.Status(enrollment.status), enrollment.Role(enrollment.role)
    course = {"course": enrollment.course, "role": role.label}
    if status == enrollment.Status.WAITING:
        place = {"place": place_words(place_in_line(enrollment))}
        messages.info(request, _("All seats are taken. You are %(place)s on the waiting list.") % place)
    elif status == enrollment.Status.REQUESTED:
        messages.info(request, _("Your request is with the instructor. You see the answer here."))
    elif role == enrollment.Role.STUDENT:
        messages.success(request, _("You are enrolled in %(course)s. Begin whenever you like.") % course)
    else:
        messages.info(request, _("You are %(role)s of this course.") % course)


def place_words(place: int) -> str:
    """1 -> "1st"; a language without such endings translates them as it likes."""
    if place % 100 in (11, 12, 13):
        return _("%(n)dth") % {"n": place}
    return {1: _("%(n)dst"), 2: _("%(n)dnd"), 3: _("%(n)drd")}.get(place % 10, _("%(n)dth")) % {"n": place}
