"""Why a lesson is closed to somebody, and until when. `visible_to` tells who may see a course and its outline; what
of it is open is told here, and every service that records what a student does asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.models import Asset, Block, CohortLessonDate, Course, Enrollment, Lesson, Module, Progress
from courses.newcomer import Newcomer


@dataclass(frozen=True)
class Lock:
    lesson_id: int
    opens_at: datetime | None = None  # still ahead, or None
    after: tuple[str, ...] = ()  # titles of the lessons to complete first

    @property
    def words(self) -> str:
        """ "Opens on 3 December, 09:00. After: What is typical?" in the reader's time zone."""
        parts = []
        if self.opens_at:
            local = timezone.localtime(self.opens_at)
            if local.year == timezone.localtime().year:
                when = f"{date_format(local, 'MONTH_DAY_FORMAT')}, {date_format(local, 'H:i')}"
            else:
                when = date_format(local, "DATETIME_FORMAT")
            parts.append(_("Opens on %(when)s") % {"when": when})
        if self.after:
            parts.append(_("After: %(lessons)s") % {"lessons": ", ".join(self.after)})
        return ". ".join(parts)


class Locked(PermissionDenied):
    """The lesson is closed to this person. Pages and REST answer 403 with the sentence."""

    def __init__(self, lesson: Lesson, lock: Lock):
        self.lesson, self.lock = lesson, lock
        end = "" if lock.words.endswith(("?", ".", "!")) else "."
        super().__init__(_("“%(lesson)s” is not open yet. %(why)s") % {"lesson": lesson, "why": lock.words} + end)


def lock_of(user, lesson: Lesson) -> Lock | None:
    """None where it is open. At most five queries; for a lesson without dates and prerequisites one, and none where it
    comes from `with_conditions`."""
    knows = hasattr(lesson, "has_cohort_dates")
    rows = [lesson] if knows else with_conditions(Lesson.objects.filter(pk=lesson.pk)).select_related("module")
    return locks_of(user, rows).get(lesson.pk)


def require_open(*, user, lesson: Lesson) -> None:
    """Raises Locked."""
    if lock := lock_of(user, lesson):
        raise Locked(lesson, lock)


def require_asset_open(*, user, asset: Asset) -> None:
    """Raises Locked for a file that, of the lessons students see, only closed ones show."""
    shows = Block.objects.filter(Q(asset=asset) | Q(captions=asset)).values("lesson")
    lessons = list(with_conditions(Lesson.objects.published().filter(pk__in=shows)).select_related("module"))
    locks = locks_of(user, lessons)
    if lessons and len(locks) == len(lessons):
        raise Locked(lessons[0], locks[lessons[0].pk])


def locked_ids(user) -> list[int]:
    """Every lesson this person may see and not open, for lists of what is in lessons. At most five queries."""
    if user.is_superuser:
        return []
    dated = Q(opens_at__isnull=False) | Q(opens_after_days__isnull=False)
    dated |= Q(module__opens_at__isnull=False) | Q(module__opens_after_days__isnull=False)
    asked = Q(is_after_lessons=True) | Q(is_in_module_after_lessons=True) | Q(has_cohort_dates=True)
    lessons = with_conditions(Lesson.objects.visible_to(user)).filter(dated | asked).select_related("module")
    return list(locks_of(user, list(lessons)))


def with_conditions(lessons: QuerySet[Lesson]) -> QuerySet[Lesson]:
    """Lessons that know whether anything at all may lock them, so that most courses pay nothing for asking."""
    return lessons.annotate(
        is_after_lessons=Exists(Lesson.prerequisites.through.objects.filter(from_lesson=OuterRef("pk"))),
        is_in_module_after_lessons=Exists(Module.prerequisites.through.objects.filter(module=OuterRef("module_id"))),
        has_cohort_dates=Exists(CohortLessonDate.objects.filter(lesson=OuterRef("pk"))),
    )


def locks_of(user, lessons: Iterable[Lesson], progress: Mapping[int, Progress] | None = None) -> dict[int, Lock]:
    """Lesson id -> its lock, without those that are open. `lessons` come from `with_conditions`, with their modules;
    `progress` is this person's in their courses, where it is at hand. At most five queries for any number of lessons.
    For a Newcomer days count from now.

    Instructors and assistants are never locked out. Observers complete nothing, so only dates hold for them. What was
    completed stays open.
    """
    closed = [lesson for lesson in lessons if _may_be_locked(lesson)]
    if not closed or user.is_superuser:
        return {}
    courses = {lesson.module.course_id for lesson in closed}
    mine = {row.course_id: row for row in _enrollments(user, courses)}
    done = _completed(user, courses) if progress is None else {pk for pk, row in progress.items() if row.completed_at}
    closed = [lesson for lesson in closed if lesson.pk not in done and not _is_staff(mine.get(lesson.module.course_id))]
    own_dates = _cohort_dates(closed, mine)
    needed = _needed(closed)
    now, locks = timezone.now(), {}
    for lesson in closed:
        enrollment = mine.get(lesson.module.course_id)
        opens_at = own_dates.get(lesson.pk) or _opens_at(user, lesson, enrollment)
        observes = enrollment is not None and enrollment.role == Enrollment.Role.OBSERVER
        after = () if observes else tuple(title for pk, title in needed.get(lesson.pk, {}).items() if pk not in done)
        ahead = opens_at if opens_at and opens_at > now else None
        if ahead or after:
            locks[lesson.pk] = Lock(lesson.pk, ahead, after)
    return locks


def _may_be_locked(lesson) -> bool:
    return (
        lesson.is_after_lessons
        or lesson.is_in_module_after_lessons
        or lesson.has_cohort_dates
        or any(row.opens_at is not None or row.opens_after_days is not None for row in (lesson, lesson.module))
    )


def _is_staff(enrollment: Enrollment | None) -> bool:
    return enrollment is not None and enrollment.role in (Enrollment.Role.INSTRUCTOR, Enrollment.Role.ASSISTANT)


def _enrollments(user, course_ids: set[int]):
    if isinstance(user, Newcomer):
        return [Enrollment(course_id=pk) for pk in course_ids]
    rows = Enrollment.objects.active().filter(user_id=user.pk, course__in=course_ids)
    return rows.select_related("cohort") if user.pk else ()


def _completed(user, course_ids: set[int]) -> set[int]:
    rows = Progress.objects.filter(user_id=user.pk, lesson__module__course__in=course_ids, completed_at__isnull=False)
    return set(rows.values_list("lesson", flat=True)) if user.pk else set()


def _cohort_dates(lessons: list[Lesson], mine: Mapping[int, Enrollment]) -> dict[int, datetime]:
    cohorts = {row.cohort_id for row in mine.values() if row.cohort_id}
    dated = [lesson.pk for lesson in lessons if lesson.has_cohort_dates]
    if not cohorts or not dated:
        return {}
    rows = CohortLessonDate.objects.filter(cohort__in=cohorts, lesson__in=dated)
    return dict(rows.values_list("lesson", "opens_at"))


def _opens_at(user, lesson: Lesson, enrollment: Enrollment | None) -> datetime | None:
    """The latest of the lesson's and its module's dates."""
    dates = []
    for row in (lesson, lesson.module):
        if row.opens_at:
            dates.append(row.opens_at)
        if row.opens_after_days is not None and enrollment:
            dates.append(_began(user, enrollment) + timedelta(days=row.opens_after_days))
    return max(dates, default=None)


def _began(user, enrollment: Enrollment) -> datetime:
    if enrollment.cohort and enrollment.cohort.starts_on:
        return datetime.combine(enrollment.cohort.starts_on, time.min, tzinfo=user.tzinfo)
    return enrollment.created_at


def _needed(lessons: list[Lesson]) -> dict[int, dict[int, str]]:
    """Lesson id -> {id: title} of what comes first, in course order. A draft cannot be completed: it locks nothing."""
    needed: dict[int, dict[int, str]] = {}
    ids = [lesson.pk for lesson in lessons if lesson.is_after_lessons]
    if ids:
        rows = Lesson.objects.published().filter(lessons_after__in=ids).in_course_order()
        for pk, title, lesson_id in rows.values_list("pk", "title", "lessons_after"):
            needed.setdefault(lesson_id, {})[pk] = title
    modules = {lesson.module_id for lesson in lessons if lesson.is_in_module_after_lessons}
    if modules:
        rows = Lesson.objects.published().filter(modules_after__in=modules).in_course_order()
        for pk, title, module_id in rows.values_list("pk", "title", "modules_after"):
            for lesson in lessons:
                if lesson.module_id == module_id and lesson.pk != pk:
                    needed.setdefault(lesson.pk, {})[pk] = title
    return needed


def why_circular(course: Course, *, row: Lesson | Module, wanted: Iterable[Lesson]) -> str:
    """The sentence that tells why `row` cannot come after the `wanted` lessons, "" where it can. Three queries."""
    lessons = {lesson.pk: lesson for lesson in Lesson.objects.for_course(course).select_related("module")}
    before: dict[int, set[int]] = {pk: set() for pk in lessons}
    wanted_ids = {lesson.pk for lesson in wanted}
    if stray := wanted_ids - set(lessons):
        return _("%(n)d of these lessons belong to another course.") % {"n": len(stray)}
    for pk, first in Lesson.prerequisites.through.objects.filter(from_lesson__in=lessons).values_list(
        "from_lesson", "to_lesson"
    ):
        if not (isinstance(row, Lesson) and row.pk == pk):
            before[pk].add(first)
    for module_id, first in Module.prerequisites.through.objects.filter(module__course=course).values_list(
        "module", "lesson"
    ):
        if not (isinstance(row, Module) and row.pk == module_id):
            for pk, lesson in lessons.items():
                if lesson.module_id == module_id:
                    before[pk].add(first)
    for pk, lesson in lessons.items():
        if (isinstance(row, Lesson) and pk == row.pk) or (isinstance(row, Module) and lesson.module_id == row.pk):
            before[pk] |= wanted_ids
    circle = _circle(before)
    if not circle:
        return ""
    titles = [f"“{lessons[pk].title}”" for pk in circle]
    if len(titles) == 1:
        return _("%(lesson)s cannot come after itself.") % {"lesson": titles[0]}
    return _("This goes in a circle: %(lessons)s.") % {"lessons": _(" comes after ").join([*titles, titles[0]])}


def _circle(before: Mapping[int, set[int]]) -> list[int]:
    """The first circle found, each lesson followed by one that it comes after; [] if there is none."""
    clear: set[int] = set()
    for start in before:
        path, waiting = [], [(start, iter(before[start]))]
        while waiting:
            pk, rest = waiting[-1]
            if pk not in path:
                path.append(pk)
            step = next((p for p in rest if p not in clear), None)
            if step is None:
                clear.add(pk)
                path.pop()
                waiting.pop()
            elif step in path:
                return path[path.index(step) :]
            else:
                waiting.append((step, iter(before.get(step, ()))))
    return []
