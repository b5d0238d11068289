"""Who may see which emotional data. Pages, REST, admin and sockets all ask here."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef


class ConsentQuerySet(models.QuerySet):
    def in_force(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)

    def agreed(self) -> Self:
        """In force, and with the guardian's yes where one is needed."""
        return self.in_force().filter(models.Q(under_age=False) | models.Q(guardian_agreed_at__isnull=False))

    def for_camera(self) -> Self:
        """Those that let the camera run. (It starts only by those to the present text.)"""
        return self.agreed().filter(camera=True)

    def of_those_gone(self) -> Self:
        """Of people who take the course as a student no more."""
        return self.filter(~Exists(_taking()))

    def handing_on(self) -> Self:
        """Those that can let somebody else have the data: to the present text, by a student who takes the course.
        Somebody who has left could no longer take it back in a lesson, and so is out."""
        from emotion.models import CONSENT_VERSION

        return self.agreed().filter(Exists(_taking()), version=CONSENT_VERSION)

    def shared(self) -> Self:
        """With those who teach the course."""
        return self.handing_on().filter(share_with_instructor=True)

    def for_research(self) -> Self:
        """With researchers, by the tick."""
        return self.handing_on().filter(research_since__isnull=False)

    def visible_to(self, user) -> Self:
        return self.filter(user_id=user.pk)


def _taking():
    from courses.models import Enrollment

    return Enrollment.objects.active().students().filter(user=OuterRef("user"), course=OuterRef("course"))


class LessonSessionQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def visible_to(self, user) -> Self:
        """One's own only. What a student shares, an instructor reads through `shared_with`."""
        return self.filter(user_id=user.pk)

    def shared_with(self, user) -> Self:
        """Sessions in lessons this person teaches, of students who share their history now."""
        from courses.models import Lesson
        from emotion.models import Consent

        return self.filter(lesson__in=Lesson.objects.taught_by(user), consent__in=Consent.objects.shared())


class OfSessionQuerySet(models.QuerySet):
    """Rows that hang on a session."""

    def visible_to(self, user) -> Self:
        return self.filter(session__user_id=user.pk)


class OwnQuerySet(models.QuerySet):
    """Rows that only the person they are about may see."""

    def visible_to(self, user) -> Self:
        return self.filter(user_id=user.pk)
