from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from emotion.models import ModelVersion


class TrainingRun(models.Model):
    """One run of train_fer, as the registry remembers it; its folder under runs/ holds the rest."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    folder = models.CharField(_("folder"), max_length=400, unique=True)
    name = models.CharField(_("name"), max_length=80)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RUNNING)
    config = models.JSONField(_("config"), default=dict)
    history = models.JSONField(default=list, blank=True, help_text=_("Each epoch's figures."))
    figures = models.JSONField(default=dict, blank=True, help_text=_("The evaluation at the end."))
    model_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, verbose_name=_("model version"), null=True, blank=True, related_name="runs"
    )
    started_at = models.DateTimeField(_("started at"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("training run"), _("training runs")
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
