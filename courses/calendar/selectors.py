"""The calendar as it is shown: a month of days, and what is due soon."""

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.calendar.appointments import Appointment, appointments
from courses.calendar.deadlines import Deadline, deadlines
from courses.models import Course, CourseStatus, Enrollment

SOON = timedelta(days=14)
MOST_ON_HOME = 5
FIRST_YEAR, LAST_YEAR = 2000, 2100


def courses_of(user: User) -> list[Course]:
    """Those whose deadlines concern this person: taken or taught, and going on. One query."""
    mine = (
        Enrollment.objects.active()
        .filter(user_id=user.pk, course__status=CourseStatus.PUBLISHED)
        .select_related("course")
    )
    return [enrollment.course for enrollment in mine]


@dataclass(frozen=True)
class ShownDeadline:
    deadline: Deadline
    is_overdue: bool
    words: str  # when it is due, seen from now

    @property
    def at(self) -> datetime:
        return self.deadline.at


def shown(deadline: Deadline, now: datetime) -> ShownDeadline:
    return ShownDeadline(deadline, deadline.at < now, in_words(deadline.at, now))


def in_words(at: datetime, now: datetime) -> str:
    """“Due tomorrow, 14:00”, in the time zone that is active."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localtime(now).date()).days
    clock = date_format(local, "H:i")
    if at < now:
        if days == 0:
            return _("Was due today, %(time)s") % {"time": clock}
        return ngettext("%(days)d day overdue", "%(days)d days overdue", -days) % {"days": -days}
    if days == 0:
        return _("Due today, %(time)s") % {"time": clock}
    if days == 1:
        return _("Due tomorrow, %(time)s") % {"time": clock}
    day = f"{date_format(local, 'l')} {date_format(local, 'MONTH_DAY_FORMAT')}"
    return _("Due %(day)s, %(time)s") % {"day": day, "time": clock}


@dataclass(frozen=True)
class DueSoon:
    shown: list[ShownDeadline]
    more: int  # how many beside these


def due_soon(user: User, courses: list[Course]) -> DueSoon:
    """What is overdue, then what is due within SOON, in these of their courses."""
    now = timezone.now()
    running = [course for course in courses if course.is_published]
    soon = [deadline for deadline in deadlines(user, running) if deadline.at <= now + SOON]
    return DueSoon([shown(d, now) for d in soon[:MOST_ON_HOME]], max(0, len(soon) - MOST_ON_HOME))


@dataclass
class Day:
    date: date
    is_of_month: bool
    is_today: bool
    due: list[ShownDeadline] = field(default_factory=list)
    meets: list[Appointment] = field(default_factory=list)


@dataclass
class Month:
    first: date
    weeks: list[list[Day]]

    @property
    def previous(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def next(self) -> str:
        return f"{self.first + timedelta(days=31):%Y-%m}"

    @property
    def is_empty(self) -> bool:
        return not any(day.due or day.meets for week in self.weeks for day in week if day.is_of_month)


def parse_month(text: str) -> date | None:
    """“2026-11” -> its first day; None for anything else."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        return None
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else None


def month(user: User, first: date) -> Month:
    """The weeks of a month from Monday on, in the active time zone."""
    now = timezone.now()
    today = timezone.localdate(now)
    weeks = [
        [Day(day, day.month == first.month, day == today) for day in week]
        for week in calendar.Calendar(calendar.MONDAY).monthdatescalendar(first.year, first.month)
    ]
    days = {day.date: day for week in weeks for day in week}
    courses = courses_of(user)
    for appointment in appointments(user, courses):
        if day := days.get(timezone.localdate(appointment.at)):
            day.meets.append(appointment)
    for deadline in deadlines(user, courses):
        if day := days.get(timezone.localdate(deadline.at)):
            day.due.append(shown(deadline, now))
    return Month(first, weeks)
