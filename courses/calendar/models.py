"""Imported at the end of `courses.models`."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def new_key() -> str:
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """Somebody's private address of their calendar. Without a row there is none; a new key makes the old one void.

    The key alone opens nothing: the address carries its HMAC under the server's secret, so a copy of the database does
    not give the addresses away.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed")
    key = models.CharField(max_length=43, default=new_key)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("calendar feed"), _("calendar feeds")

    def __str__(self) -> str:
        return gettext("Calendar of %(user)s") % {"user": self.user}
