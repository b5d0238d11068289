"""What somebody who teaches does for a student: each is written down, and told to the student unless it is a note. And
what a student asks of those who teach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from courses.at_risk.models import Outreach
from courses.models import Enrollment
from courses.notifications.models import NotificationKind
from courses.notifications.services import notify


@transaction.atomic
def reach_out(
    *,
    enrollment: Enrollment,
    by: User,
    kind: str,
    words: str,
    talk_at: datetime | None = None,
    because: Sequence[str] = (),
) -> Outreach:
    """Write down a message, a talk or a note. `because` are the signs that the course itself saw, as
    sentences; nothing of a shared history is written down here."""
    done = Outreach.objects.create(
        enrollment=enrollment, kind=kind, words=words, talk_at=talk_at, because=list(because), by=by
    )
    if kind != Outreach.Kind.NOTE:
        notify(
            users=[enrollment.user],
            kind=NotificationKind.MESSAGE,
            key=f"outreach:{done.pk}",
            title=_title(done),
            text=words,
            url=done.get_absolute_url(),
            course=enrollment.course,
        )
    return done


@transaction.atomic
def ask_for_help(*, enrollment: Enrollment, words: str) -> Outreach:
    """Write down a student's own words to those who teach the course, and tell each of them."""
    asked = Outreach.objects.create(enrollment=enrollment, kind=Outreach.Kind.ASKED, words=words, by=enrollment.user)
    teaching = Enrollment.objects.active().instructors().for_course(enrollment.course).select_related("user")
    for teacher in teaching:
        with override(teacher.user.language):
            title = _("%(name)s asks for help in %(course)s") % {"name": asked.by, "course": enrollment.course}
        notify(
            users=[teacher.user],
            kind=NotificationKind.ASKED,
            key=asked_key(asked.pk),
            title=title,
            text=words,
            url=reverse("at_risk:reach-out", args=[enrollment.pk]),
            course=enrollment.course,
        )
    return asked


def asked_key(pk: int) -> str:
    return f"asked:{pk}"


def _title(done: Outreach) -> str:
    """In the language and at the clock of the student."""
    user = done.enrollment.user
    with override(user.language):
        if done.talk_at is None:
            return _("%(name)s wrote to you in %(course)s") % {"name": done.by, "course": done.enrollment.course}
        at = date_format(done.talk_at.astimezone(user.tzinfo), "DATETIME_FORMAT")
        return _("%(name)s offers a talk: %(at)s") % {"name": done.by, "at": at}
