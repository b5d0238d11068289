"""What a new course still needs, in the order in which its instructor would do it."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import Block, Course, Lesson


@dataclass(frozen=True)
class Step:
    words: str
    url: str
    is_done: bool


def first_steps(course: Course) -> list[Step]:
    """Empty once everything is done. Two queries."""
    there = Block.objects.filter(lesson__module__course=course).aggregate(
        texts=Count("pk", filter=Q(kind=Block.Kind.TEXT) & ~Q(body="")),
        quizzes=Count("pk", filter=Q(quiz__questions__isnull=False)),
        published=Count("pk", filter=Q(lesson__status=Lesson.Status.PUBLISHED)),
    )
    around = Course.objects.filter(pk=course.pk).aggregate(
        students=Count("enrollments", filter=Q(enrollments__role="student", enrollments__status="active")),
        announcements=Count("announcements"),
    )
    edit = reverse("studio:course", args=[course.slug])
    steps = [
        Step(_("Write the first lesson's text"), edit, bool(there["texts"])),
        Step(_("Ask something: a quiz with one question is enough"), edit, bool(there["quizzes"])),
        Step(_("Publish a lesson"), edit, bool(there["published"])),
        Step(_("Publish the course"), edit, course.is_published),
        Step(
            _("Bring in the first student"), reverse("enrollment:people", args=[course.slug]), bool(around["students"])
        ),
        Step(
            _("Say hello in an announcement"),
            reverse("notifications:announce", args=[course.slug]),
            bool(around["announcements"]),
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps
