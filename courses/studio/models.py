from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LessonRevision(models.Model):
    """How a lesson read at some time: what its history shows and restores. Pools' questions are not part of it."""

    lesson = models.ForeignKey("courses.Lesson", models.CASCADE, related_name="revisions")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="lesson_revisions"
    )
    content = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("lesson revision"), _("lesson revisions")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.lesson}, {self.updated_at:%Y-%m-%d %H:%M}"
