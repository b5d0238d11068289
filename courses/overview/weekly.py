"""Once a week, for those who teach: how a course goes, in a few lines that each lead to what is behind them."""

import logging
import re
from collections import defaultdict
from datetime import datetime, time, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import User
from courses.models import Course, Enrollment, Notification
from courses.notifications.mail import absolute
from courses.notifications.models import NotificationKind
from courses.notifications.services import notify
from courses.overview.lines import Line, added_lines
from courses.overview.selectors import Step, overview

logger = logging.getLogger(__name__)

SUMMARY_AT = time(7)  # on Mondays
LOOK_BACK = timedelta(days=8)  # a week's occasion is no older
MARKDOWN = re.compile(r"([\\`*_\[\]<>$~!])")


def send_weekly_summaries(*, now: datetime | None = None, course: int | None = None) -> int:
    """Tell those who teach a published course with students, or this one, how it goes: on Monday from 07:00 where they
    live, or as soon after as this runs. Returns how many were told; run again in the same week, it tells nobody twice.

    Who began to teach a course this week hears of it from the next on.
    """
    told = 0
    for each, occasions in _due(now or timezone.now(), course).items():
        for (language, key), teachers in occasions.items():
            try:
                told += _tell(each, language, key, teachers)
            except Exception:  # the trouble of one course is not that of the others
                logger.exception("The weekly summary of course %s was not made; the next run tries again.", each.pk)
    return told


def courses_to_sum_up() -> list[int]:
    """Those whose teachers have not been told yet this week. Two queries."""
    return [course.pk for course in _due(timezone.now())]


def _due(now: datetime, course: int | None = None) -> dict[Course, dict[tuple[str, str], list[User]]]:
    """{course: {(language, occasion): teachers}}, of those who were not told yet. Two queries."""
    recent = Notification.objects.filter(kind=NotificationKind.WEEKLY, created_at__gte=now - LOOK_BACK)
    known = set(recent.order_by().values_list("user_id", "key"))
    teaching = Enrollment.objects.active().instructors().filter(course__status="published", user__is_active=True)
    if course is not None:
        teaching = teaching.filter(course=course)
    due: dict[Course, dict[tuple[str, str], list[User]]] = defaultdict(lambda: defaultdict(list))
    for enrollment in teaching.select_related("user", "course"):
        teacher, here = enrollment.user, now.astimezone(enrollment.user.tzinfo)
        monday = here.date() - timedelta(days=here.weekday())
        key = f"week:{enrollment.course_id}:{monday}"
        begins, opens = (datetime.combine(monday, at, tzinfo=teacher.tzinfo) for at in (time(), SUMMARY_AT))
        if opens <= here and enrollment.created_at < begins and (teacher.pk, key) not in known:
            due[enrollment.course][teacher.language, key].append(teacher)
    return due


def _tell(course: Course, language: str, key: str, teachers: list[User]) -> int:
    with override(language):
        lines = summary(course)
        if not lines:
            return 0
        return notify(
            users=teachers,
            kind=NotificationKind.WEEKLY,
            key=key,
            title=_("How the course goes this week"),
            text="\n".join(f"- {_as_link(line)}" for line in lines),
            url=reverse("overview:overview", args=[course.slug]),
            course=course,
        )


def summary(course: Course) -> list[Line]:
    """In the active language; nothing for a course without students."""
    if not Enrollment.objects.active().students().for_course(course).exists():
        return []
    found, here = overview(course), reverse("overview:overview", args=[course.slug])
    lines = [Line(number.title, number.shown, number.url) for number in found.numbers if number.value is not None]
    if step := where_most_stop(found.funnel):
        n = step.began - step.completed
        words = ngettext(
            "“%(lesson)s”, which %(n)d began and has not completed",
            "“%(lesson)s”, which %(n)d began and have not completed",
            n,
        )
        lines.append(Line(_("Where most stop"), words % {"lesson": step.title, "n": n}, here + "#funnel-title"))
    for each in found.queue:
        words = ngettext("%(title)s: %(n)d to mark", "%(title)s: %(n)d to mark", each.count)
        lines.append(Line(_("Waits for you"), words % {"title": each.title, "n": each.count}, each.url))
    return lines + added_lines(course)


def where_most_stop(funnel: list[Step]) -> Step | None:
    """The lesson that most students began and have not completed, the first of several."""
    step = max(funnel, key=lambda step: step.began - step.completed, default=None)
    return step if step and step.began > step.completed else None


def _as_link(line: Line) -> str:
    """As Markdown that says no more than the words, whatever an author put into a title."""
    title, words = (MARKDOWN.sub(r"\\\1", each) for each in (line.title, line.words))
    return f"[{title}]({absolute(line.url)}): {words}"
