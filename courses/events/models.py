"""What people learned, written down for others to be told, and who is told. Imported at the end of `courses.models`."""

import uuid
from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courses.events.signing import new_secret
from courses.querysets import _taught_course_ids


class Kind(models.TextChoices):
    ENROLLED = "enrolled", _("Enrolled")
    LEFT = "left", _("Left the course")
    LESSON_STARTED = "lesson_started", _("Lesson started")
    LESSON_COMPLETED = "lesson_completed", _("Lesson completed")
    BLOCK_COMPLETED = "block_completed", _("Block completed")
    COURSE_COMPLETED = "course_completed", _("Course completed")
    QUIZ_SUBMITTED = "quiz_submitted", _("Quiz submitted")
    ASSIGNMENT_SUBMITTED = "assignment_submitted", _("Assignment submitted")
    GRADED = "graded", _("Graded")


class LearningEvent(models.Model):
    """Something somebody did, or that was done to their grades. Never how they felt.

    Written by `events.services.record` in the transaction of what happened, so neither is there without the other.
    """

    Kind = Kind

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True, help_text="The same thing, told twice, has the same key.")
    kind = models.CharField(max_length=20, choices=Kind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="learning_events")
    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="learning_events")
    lesson = models.ForeignKey("courses.Lesson", models.SET_NULL, null=True, related_name="+")
    block = models.ForeignKey("courses.Block", models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    occurred_at = models.DateTimeField(default=timezone.now)
    xapi_due_at = models.DateTimeField(
        null=True, default=timezone.now, help_text="When the record store is told next; empty once it knows."
    )

    class Meta:
        verbose_name, verbose_name_plural = _("learning event"), _("learning events")
        ordering = ["-occurred_at", "-pk"]
        constraints = [CheckConstraint(condition=Q(kind__in=Kind.values), name="learningevent_kind_is_known")]
        indexes = [
            # lrs.send_due: what the record store has not been told.
            models.Index(fields=["xapi_due_at"], name="learningevent_xapi_due", condition=Q(xapi_due_at__isnull=False)),
            # services.prune_events: the oldest first.
            models.Index(fields=["occurred_at"], name="learningevent_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class EndpointQuerySet(models.QuerySet):
    def enabled(self) -> Self:
        return self.filter(is_enabled=True)

    def visible_to(self, user) -> Self:
        """Those of the courses one teaches. Site-wide ones are the administrators'."""
        return self if user.is_superuser else self.filter(course__in=_taught_course_ids(user))


class WebhookEndpoint(models.Model):
    """An address that is told of what happens in a course, or, without a course, on the whole site."""

    course = models.ForeignKey("courses.Course", models.CASCADE, null=True, blank=True, related_name="webhooks")
    url = models.URLField(_("address"), max_length=400)
    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    former_secret = models.CharField(max_length=80, blank=True, editable=False)
    rotated_at = models.DateTimeField(null=True, editable=False)
    wants_enrollment = models.BooleanField(_("enrollments"), default=True)
    wants_completion = models.BooleanField(_("completed lessons and courses"), default=True)
    wants_grade = models.BooleanField(_("quiz results and marks"), default=True)
    is_enabled = models.BooleanField(_("switched on"), default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    switched_off_because = models.CharField(max_length=300, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("webhook endpoint"), _("webhook endpoints")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["course", "url"], name="webhookendpoint_once_for_each_course"),
            UniqueConstraint(fields=["url"], condition=Q(course=None), name="webhookendpoint_once_for_the_site"),
        ]

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet):
    def due(self) -> Self:
        return self.filter(next_attempt_at__lte=timezone.now(), endpoint__is_enabled=True)

    def visible_to(self, user) -> Self:
        return self.filter(endpoint__in=WebhookEndpoint.objects.visible_to(user))


class WebhookDelivery(models.Model):
    """An event on its way to an endpoint. `next_attempt_at` is empty when nothing is left to try; while somebody
    sends, it lies ahead by as long as that may take, so that a sender who dies there leaves it to another."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, verbose_name=_("endpoint"), related_name="deliveries")
    event = models.ForeignKey(
        LearningEvent,
        models.CASCADE,
        verbose_name=_("event"),
        null=True,
        related_name="deliveries",
        help_text=_("Empty for a test."),
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, default=timezone.now)
    status_code = models.PositiveSmallIntegerField(_("status code"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        ordering = ["-pk"]
        constraints = [UniqueConstraint(fields=["endpoint", "event"], name="webhookdelivery_once_for_each_event")]
        indexes = [
            # delivery.send_due: what an endpoint has to be told now.
            models.Index(
                fields=["next_attempt_at"],
                name="webhookdelivery_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            # The page's last fifty of an endpoint.
            models.Index(fields=["endpoint", "-id"], name="webhookdelivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.uuid} to {self.endpoint_id}"

    @property
    def state(self) -> str:
        """In English, for whoever compares it; the catalogues have it too."""
        if self.delivered_at:
            return gettext_noop("delivered")
        if self.next_attempt_at is None:
            return gettext_noop("given up")
        return gettext_noop("retrying") if self.attempts else gettext_noop("waiting")
