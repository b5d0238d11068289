from itertools import count

from allauth.account.models import EmailAddress

from courses.models import Cohort, Course, Invitation

_number = count(1)


def confirm_address(user) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def make_cohort(course: Course, name: str | None = None, **extra) -> Cohort:
    return Cohort.objects.create(course=course, name=name or f"Cohort {next(_number)}", **extra)


def make_invitation(course: Course, **extra) -> Invitation:
    return Invitation.objects.create(course=course, **extra)
