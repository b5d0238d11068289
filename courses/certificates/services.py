from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.gradebook.selectors import total_percent
from courses.models import Certificate, CertificateRule, Course, Lesson, Progress


@dataclass(frozen=True)
class Standing:
    """How far somebody is from a course's certificate. None of these is left when it is earned."""

    lessons_left: int
    lowest_percent: int | None
    percent: Decimal | None

    @property
    def has_grade(self) -> bool:
        return self.lowest_percent is None or (self.percent is not None and self.percent >= self.lowest_percent)

    @property
    def is_earned(self) -> bool:
        return self.lessons_left == 0 and self.has_grade


def standing(*, user: User, course: Course, rule: CertificateRule) -> Standing:
    lessons = Lesson.objects.for_course(course).published()
    done = Progress.objects.filter(user=user, lesson__in=lessons).exclude(completed_at=None).count()
    total = lessons.count()
    left = total - done if total else 1  # a course without a lesson has taught nobody anything
    percent = total_percent(course, user) if rule.lowest_percent is not None else None
    return Standing(left, rule.lowest_percent, percent)


@transaction.atomic
def issue_if_earned(*, user: User, course: Course) -> Certificate | None:
    """Give the certificate once its conditions are met, once. One that was given is never taken back here, whatever
    becomes of the grade; a revoked one is not given again."""
    rule = CertificateRule.objects.filter(course=course, is_on=True).first()
    enrolled = course.enrollments.active().students().filter(user=user).exists()
    if rule is None or not enrolled or Certificate.objects.filter(user=user, course=course).exists():
        return None
    now = standing(user=user, course=course, rule=rule)
    if not now.is_earned:
        return None
    # Two lessons completed at once: the constraint lets one insert through.
    certificate, created = Certificate.objects.get_or_create(
        user=user,
        course=course,
        defaults={
            "name": str(user),
            "title": course.title,
            "words": rule.words,
            "signatory": rule.signatory,
            "percent": now.percent,
        },
    )
    return certificate if created else None


def issue_to_all(*, course: Course) -> int:
    """After the rule was changed or turned on: to everyone who has earned it by now; how many they are."""
    students = User.objects.filter(pk__in=course.enrollments.active().students().values("user"))
    return sum(issue_if_earned(user=user, course=course) is not None for user in students)


def revoke(*, certificate: Certificate, by: User, reason: str) -> None:
    Certificate.objects.filter(pk=certificate.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_by=by, revoked_reason=reason
    )


def restore(*, certificate: Certificate) -> None:
    Certificate.objects.filter(pk=certificate.pk).update(revoked_at=None, revoked_by=None, revoked_reason="")
