from typing import Self

from django.db import models
from django.db.models import Q

from courses.querysets import PartQuerySet


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        # user_id, not user: an anonymous visitor has the id None and so matches nothing.
        return self.filter(user_id=user.pk)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def to_mail(self, now) -> Self:
        """What is waiting to go out and was not read in the app meanwhile."""
        return self.filter(read_at=None, mailed_at=None, mail_after__lte=now).exclude(mail="off")


class AnnouncementQuerySet(PartQuerySet):
    to_course, to_lesson = "course", None

    def published(self) -> Self:
        return self.exclude(sent_at=None)

    def visible_to(self, user) -> Self:
        """What was sent, to all who are enrolled; what is planned, to those who teach."""
        seen = super().visible_to(user)
        if user.is_superuser:
            return seen
        return seen.filter(~Q(sent_at=None) | Q(pk__in=self.model.objects.taught_by(user).values("pk")))
