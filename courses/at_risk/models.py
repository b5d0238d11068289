from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.at_risk import querysets


class OutreachKind(models.TextChoices):
    MESSAGE = "message", _("Message")
    TALK = "talk", _("Talk")
    NOTE = "note", _("Note")
    ASKED = "asked", _("Asked for help")


class Outreach(models.Model):
    """What somebody who teaches did for a student: wrote to them, offered a talk at a time, or noted something for
    those who teach; or what the student wrote to those. The record of what was done: nothing changes it."""

    Kind = OutreachKind

    enrollment = models.ForeignKey("courses.Enrollment", models.CASCADE, related_name="outreach")
    kind = models.CharField(max_length=7, choices=OutreachKind)
    words = models.TextField(max_length=2000)
    talk_at = models.DateTimeField(null=True, blank=True, help_text=_("When to talk."))
    because = models.JSONField(default=list, blank=True, help_text=_("The course's own signs, as they were read."))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = querysets.OutreachQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("outreach"), _("outreach")
        ordering = ["-created_at", "-pk"]
        constraints = [
            CheckConstraint(condition=Q(kind__in=OutreachKind.values), name="outreach_kind_is_known"),
            CheckConstraint(
                condition=Q(kind="talk", talk_at__isnull=False) | (~Q(kind="talk") & Q(talk_at__isnull=True)),
                name="outreach_talk_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.enrollment}"

    def get_absolute_url(self) -> str:
        return reverse("at_risk:outreach", args=[self.pk])
