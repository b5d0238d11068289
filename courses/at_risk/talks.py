"""Talks in the calendars of those who meet. Nothing here says why somebody was asked to talk."""

from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from courses.at_risk.models import Outreach
from courses.calendar.appointments import Appointment
from courses.models import Course


def talks(user: User, courses: Iterable[Course]) -> list[Appointment]:
    """Of the student and of whoever offered it. One query."""
    rows = (
        Outreach.objects.filter(Q(enrollment__user_id=user.pk) | Q(by_id=user.pk), kind=Outreach.Kind.TALK)
        .filter(enrollment__course__in=courses, enrollment__status="active")
        .select_related("enrollment__course", "enrollment__user", "by")
    )
    return [_appointment(talk, user) for talk in rows if talk.talk_at]


def _appointment(talk: Outreach, user: User) -> Appointment:
    other = talk.by if talk.enrollment.user_id == user.pk else talk.enrollment.user
    title = _("Talk with %(person)s") % {"person": other} if other else _("Talk")
    return Appointment(
        talk.talk_at, _("Talk"), title, talk.get_absolute_url(), f"talk-{talk.pk}", talk.enrollment.course
    )
