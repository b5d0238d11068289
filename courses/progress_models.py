"""How far people got, and what they wrote for themselves. Imported at the end of `courses.models`."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses import querysets
from courses.models import Block, Lesson


class Progress(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="progress")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="progress")
    last_block = models.ForeignKey(Block, models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.ProgressQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("progress"), _("progress")
        constraints = [
            UniqueConstraint(fields=["user", "lesson"], name="progress_unique_user_in_lesson"),
            CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(completed_at__gte=models.F("started_at")),
                name="progress_completed_after_started",
            ),
        ]
        indexes = [
            # The home page's "continue where you left off": one person's newest row.
            models.Index(fields=["user", "-last_seen_at"], name="progress_user_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.lesson}"

    @property
    def is_complete(self) -> bool:
        return self.completed_at is not None


class BlockProgress(models.Model):
    """What one person did with one block. Every number only grows, so a message that comes twice or late, or from a
    second device, changes nothing that is true."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="block_progress")
    block = models.ForeignKey(Block, models.CASCADE, related_name="progress")
    seen_seconds = models.PositiveIntegerField(default=0)
    watched = models.CharField(
        max_length=25, blank=True, help_text=_("Which hundredths of a video ran, as the bits of a hexadecimal number.")
    )
    video_second = models.PositiveIntegerField(
        default=0, help_text=_("Where the video was left; this one may go back.")
    )
    completed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("block progress"), _("block progress")
        constraints = [UniqueConstraint(fields=["user", "block"], name="blockprogress_unique_user_in_block")]

    def __str__(self) -> str:
        return f"{self.user}: {self.block}"

    @property
    def watched_percent(self) -> int:
        return int(self.watched or "0", 16).bit_count()


class Reflection(models.Model):
    """What somebody wrote for themselves at a reflection block. Nobody else reads it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reflections")
    block = models.ForeignKey(Block, models.CASCADE, related_name="reflections")
    text = models.TextField(blank=True, max_length=20_000)
    updated_at = models.DateTimeField(default=timezone.now)
    # Which opened page wrote it, by a number that the page drew: its own words may always follow each other, also
    # where the answer to the ones before was lost with the network.
    page = models.CharField(max_length=32, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("reflection"), _("reflections")
        constraints = [UniqueConstraint(fields=["user", "block"], name="reflection_unique_user_in_block")]

    def __str__(self) -> str:
        return f"{self.user}: {self.block}"

    @property
    def version(self) -> str:
        """Changes with each save, so that two devices of one person notice each other."""
        return self.updated_at.isoformat()
