from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils import timezone

from emotion.models import ModelVersion


class TrainingRun(models.Model):
    """One run of train_fer, as the registry remembers it; its folder under runs/ holds the rest."""

    class Status(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        FINISHED = "finished"
        FAILED = "failed"

    folder = models.CharField(max_length=400, unique=True)
    name = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    config = models.JSONField(default=dict)
    history = models.JSONField(default=list, blank=True, help_text="Each epoch's figures.")
    figures = models.JSONField(default=dict, blank=True, help_text="The evaluation at the end.")
    model_version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, blank=True, related_name="runs")
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            CheckConstraint(
                condition=Q(status__in=["running", "stopped", "finished", "failed"]), name="run_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def best(self) -> dict | None:
        """The figures of the epoch with the best score."""
        return max(self.history, key=lambda figures: figures["score"], default=None)
