from itertools import count

from courses.models import Cohort, Course, Invitation

_number = count(1)


def make_cohort(course: Course, name: str | None = None, **extra) -> Cohort:
    return Cohort.objects.create(course=course, name=name or f"Cohort {next(_number)}", **extra)


def make_invitation(course: Course, **extra) -> Invitation:
    return Invitation.objects.create(course=course, **extra)
