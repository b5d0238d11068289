import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone

from courses.models import Course, Lesson
from emotion.core.labels import EXPRESSIONS
from emotion.querysets import ConsentQuerySet, LessonSessionQuerySet, OfSessionQuerySet

CONSENT_VERSION = "2026-11"


class FeatureGate(models.Model):
    """An operator's statement that opens the emotion features. Rows are only ever added; the newest one counts."""

    jurisdiction = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    stated_by = models.CharField(max_length=120)
    stated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.jurisdiction}, {self.purpose}"


class ModelVersion(models.Model):
    """A checkpoint the workers may serve. `name` is its folder under checkpoints/."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate"
        PROMOTED = "promoted"
        RETIRED = "retired"

    name = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.CANDIDATE)
    weights_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(fields=["status"], condition=Q(status="promoted"), name="one_promoted_model"),
            CheckConstraint(condition=Q(status__in=["candidate", "promoted", "retired"]), name="model_status_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """One student's yes to the camera in one course. Withdrawn, the row stays and a new yes is a new row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="emotion_consents")
    course = models.ForeignKey(Course, models.CASCADE, related_name="emotion_consents")
    version = models.CharField(max_length=20, default=CONSENT_VERSION)
    share_with_instructor = models.BooleanField(default=False)
    granted_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["user", "course"], condition=Q(withdrawn_at__isnull=True), name="one_consent_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.course}"


class LessonSession(models.Model):
    """One stretch of a lesson with the camera on, from start to stop."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_sessions")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="sessions")
    consent = models.ForeignKey(Consent, models.CASCADE, related_name="sessions")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = LessonSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            # A student's own history of a lesson, and the sessions behind a lesson's class aggregate.
            models.Index(fields=["lesson", "user"], name="session_lesson_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.lesson}"

    @property
    def group(self) -> str:
        """The channel group that hears this session's answers."""
        return f"session.{self.pk}"


def _in_unit_interval(fields: tuple[str, ...], name: str) -> CheckConstraint:
    within = Q()
    for field in fields:
        within &= Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 0, f"{field}__lte": 1})
    return CheckConstraint(condition=within, name=name)


class Outcome(models.TextChoices):
    """What a frame showed. Only `face` carries probabilities."""

    FACE = "face"
    NO_FACE = "no_face", "no face"
    SEVERAL_FACES = "several_faces", "several faces"
    UNCLEAR = "unclear"


class EmotionReading(models.Model):
    """What one frame looked like, kept for 24 hours. A frame delivered twice is one reading."""

    session = models.ForeignKey(LessonSession, models.CASCADE, related_name="readings")
    sequence = models.PositiveIntegerField()
    taken_at = models.DateTimeField()
    # A block's id as a plain number (0 for none), so that a reading outlives an edited lesson.
    block_number = models.PositiveBigIntegerField(default=0)
    edition = models.PositiveIntegerField(default=1)
    place_seconds = models.FloatField(default=0, help_text="Seconds into the block: of its video, or of reading it.")
    outcome = models.CharField(max_length=13, choices=Outcome)
    neutral = models.FloatField(null=True)
    happiness = models.FloatField(null=True)
    surprise = models.FloatField(null=True)
    sadness = models.FloatField(null=True)
    anger = models.FloatField(null=True)
    disgust = models.FloatField(null=True)
    fear = models.FloatField(null=True)
    contempt = models.FloatField(null=True, help_text="Empty for a seven-class model.")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+", null=True)
    latency_ms = models.PositiveIntegerField(default=0, help_text="From accepted to classified.")

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        ordering = ["session", "sequence"]
        constraints = [
            UniqueConstraint(fields=["session", "sequence"], name="one_reading_per_frame"),
            CheckConstraint(condition=Q(outcome__in=Outcome.values), name="reading_outcome_is_known"),
            CheckConstraint(
                condition=Q(outcome="face", neutral__isnull=False) | (~Q(outcome="face") & Q(neutral__isnull=True)),
                name="reading_has_probabilities_iff_face",
            ),
            _in_unit_interval(EXPRESSIONS, "reading_probabilities_in_0_1"),
        ]
        indexes = [
            # prune_readings: the oldest first.
            models.Index(fields=["taken_at"], name="reading_taken_at"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.sequence}: {self.outcome}"


class EmotionBucket(models.Model):
    """Sums over ten seconds of place and a minute of time in one session. Dashboards read these, never readings."""

    session = models.ForeignKey(LessonSession, models.CASCADE, related_name="buckets")
    block_number = models.PositiveBigIntegerField(default=0)
    edition = models.PositiveIntegerField(default=1)
    place = models.PositiveIntegerField(default=0, help_text="Tens of seconds into the block.")
    minute = models.DateTimeField()
    faces = models.PositiveIntegerField(default=0)
    no_face = models.PositiveIntegerField(default=0)
    several_faces = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)
    neutral = models.FloatField(default=0)
    happiness = models.FloatField(default=0)
    surprise = models.FloatField(default=0)
    sadness = models.FloatField(default=0)
    anger = models.FloatField(default=0)
    disgust = models.FloatField(default=0)
    fear = models.FloatField(default=0)
    contempt = models.FloatField(default=0)

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["session", "block_number", "edition", "place", "minute"],
                name="one_bucket_per_place_and_minute",
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} block {self.block_number} +{self.place * 10} s"


class LessonClimate(Lesson):
    """A lesson, in the admin, seen by how it felt."""

    class Meta:
        proxy = True
        verbose_name = "lesson climate"
        verbose_name_plural = "lesson climates"
