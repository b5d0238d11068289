"""What the pages about people show."""

from dataclasses import dataclass

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import mark_safe

from accounts.models import Visitor
from courses.enrollment.how_far import HowFar, users_who
from courses.enrollment.messages import place_words
from courses.enrollment.services import place_in_line
from courses.models import Cohort, Course, Enrollment, Lesson, Progress


@dataclass
class Membership:
    """What somebody is to a course, for its page."""

    enrollment: Enrollment | None
    place: str = ""  # "3rd" on the waiting list

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def is_student(self) -> bool:
        return self.role == Enrollment.Role.STUDENT

    @property
    def staffs(self) -> bool:
        return self.role in (Enrollment.Role.INSTRUCTOR, Enrollment.Role.ASSISTANT)

    @property
    def role(self) -> str:
        """Of somebody who takes part."""
        return self.enrollment.role if self.enrollment and self.is_active else ""

    @property
    def state(self) -> str:
        return self.enrollment.status if self.enrollment else ""


def membership_of(user: Visitor, course: Course) -> Membership:
    """One query, and two more for somebody who waits."""
    enrollment = Enrollment.objects.filter(user_id=user.pk, course=course).first() if user.pk else None
    if enrollment is None or enrollment.status != Enrollment.Status.WAITING:
        return Membership(enrollment)
    return Membership(enrollment, place_words(place_in_line(enrollment)))


@dataclass(frozen=True)
class CohortChoice:
    """Of which cohort a page tells, for `_cohort_choice.html`. Without one it tells of the whole course."""

    cohorts: list[Cohort]
    chosen: Cohort | None

    @property
    def query(self) -> str:
        """For the addresses of what belongs to the page."""
        return f"cohort={self.chosen.pk}" if self.chosen else ""

    @property
    def pages(self) -> str:
        """What the links to its other pages begin with."""
        return mark_safe(f"{self.query}&amp;") if self.query else ""


def cohort_choice(course: Course, asked: str) -> CohortChoice:
    """`asked` is the id in the page's address; what is none of the course's cohorts is the whole course. One query."""
    cohorts = list(course.cohorts.all())
    return CohortChoice(cohorts, next((each for each in cohorts if str(each.pk) == asked), None))


def people_of(
    course: Course,
    *,
    search: str = "",
    role: str = "",
    cohort: str = "",
    status: str = "",
    how_far: HowFar | None = None,
    lesson: Lesson | None = None,
) -> QuerySet[Enrollment]:
    """Those of a course, by name, with `last_seen_at`. Without a status, all but those who left or were declined.
    `cohort` is an id, or "none"."""
    seen = (
        Progress.objects.filter(user=OuterRef("user"), lesson__module__course=course)
        .order_by()
        .values("user")
        .annotate(newest=Max("last_seen_at"))
        .values("newest")
    )
    rows = Enrollment.objects.for_course(course).select_related("user", "cohort").annotate(last_seen_at=Subquery(seen))
    for word in search.split():
        rows = rows.filter(Q(user__display_name__icontains=word) | Q(user__email__icontains=word))
    if role in Enrollment.Role.values:
        rows = rows.filter(role=role)
    if cohort == "none":
        rows = rows.filter(cohort=None)
    elif cohort.isdecimal():
        rows = rows.filter(cohort=int(cohort))
    if how_far:
        rows = rows.filter(user__in=users_who(how_far, course, lesson))
    if status in Enrollment.Status.values:
        rows = rows.filter(status=status)
    else:
        rows = rows.exclude(status__in=[Enrollment.Status.WITHDRAWN, Enrollment.Status.DECLINED])
    if status == Enrollment.Status.WAITING:
        return rows.order_by("queued_at", "pk")
    return rows.order_by("user__display_name", "user__email", "pk")


def counts_of(course: Course) -> dict[str, int]:
    """Students taking part, waiting, and asking. One query."""
    status = Enrollment.Status
    return Enrollment.objects.for_course(course).aggregate(
        students=Count("pk", filter=Q(status=status.ACTIVE, role=Enrollment.Role.STUDENT)),
        waiting=Count("pk", filter=Q(status=status.WAITING)),
        asking=Count("pk", filter=Q(status=status.REQUESTED)),
    )
