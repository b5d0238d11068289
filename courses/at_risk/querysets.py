from typing import Self

from django.db import models
from django.db.models import Q

from courses.querysets import _taught_course_ids


class OutreachQuerySet(models.QuerySet):
    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(enrollment__course__in=_taught_course_ids(user))

    def visible_to(self, user) -> Self:
        """What was written to oneself, but no note; and all of it in courses one teaches."""
        if user.is_superuser:
            return self
        mine = Q(enrollment__user_id=user.pk) & ~Q(kind="note")
        return self.filter(mine | Q(enrollment__course__in=_taught_course_ids(user)))
