from typing import Self

from django.db.models import F, Q
from django.utils import timezone

from courses.querysets import PartQuerySet


class CohortQuerySet(PartQuerySet):
    to_course, to_lesson = "course", None


class InvitationQuerySet(PartQuerySet):
    """Who holds the token may use it; the list of them is for those who teach."""

    to_course, to_lesson = "course", None

    def usable(self) -> Self:
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()),
            Q(most_uses__isnull=True) | Q(uses__lt=F("most_uses")),
            revoked_at=None,
        )
