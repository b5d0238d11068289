import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from emotion.core.labels import EXPRESSIONS
from emotion.querysets import ConsentQuerySet, LessonSessionQuerySet, OfSessionQuerySet

CONSENT_VERSION = "2026-11-e"


class FeatureGate(models.Model):
    """An operator's statement that opens the emotion features, or closes them. Rows are only ever added; the newest
    one counts."""

    jurisdiction = models.CharField(_("jurisdiction"), max_length=40)
    # Empty in statements from before it was asked, which the policy allows nothing.
    institution = models.CharField(_("institution"), max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=40)
    is_open = models.BooleanField(_("open"), default=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("administrator"), null=True, related_name="+"
    )
    stated_by = models.CharField(
        _("stated by"), max_length=120, blank=True, help_text=_("What stated it, where no administrator did.")
    )
    notice = models.CharField(
        _("notice"), max_length=20, blank=True, help_text=_("Which text of the notice was acknowledged.")
    )
    override = models.CharField(
        _("override"), max_length=200, blank=True, help_text=_("ATTUNE_POLICY_OVERRIDE, where it was needed.")
    )
    stated_at = models.DateTimeField(_("stated at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("feature gate"), _("feature gates")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.jurisdiction}, {self.purpose}"


class ModelVersion(models.Model):
    """A checkpoint the workers may serve. `name` is its folder under checkpoints/."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate", _("Candidate")
        PROMOTED = "promoted", _("Promoted")
        RETIRED = "retired", _("Retired")

    name = models.CharField(_("name"), max_length=80, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CANDIDATE)
    weights_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    promoted_at = models.DateTimeField(
        _("promoted at"), null=True, blank=True, editable=False, help_text=_("The last time.")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("model version"), _("model versions")
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(fields=["status"], condition=Q(status="promoted"), name="one_promoted_model"),
            CheckConstraint(condition=Q(status__in=["candidate", "promoted", "retired"]), name="model_status_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """What one student allows in one course. Withdrawn, the row stays and a new yes is a new row.

    Under age, the camera waits for a guardian, whose address goes when the consent is withdrawn.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="emotion_consents")
    course = models.ForeignKey(Course, models.CASCADE, related_name="emotion_consents")
    version = models.CharField(max_length=20, default=CONSENT_VERSION)
    camera = models.BooleanField(default=False)
    history = models.BooleanField(default=False)
    share_with_instructor = models.BooleanField(default=False)
    share_for_research = models.BooleanField(default=False)
    # Empty for a tick made under a text that did not speak of handing data to researchers.
    research_since = models.DateTimeField(
        null=True, blank=True, help_text="What was before is in no research export. A tick made anew counts anew."
    )
    once_shared = models.BooleanField(
        default=False, editable=False, help_text="With those who teach or for research, before the tick was taken out."
    )
    under_age = models.BooleanField(default=False, help_text="By what the student said.")
    guardian_email = models.EmailField(blank=True)
    guardian_asked_at = models.DateTimeField(null=True, blank=True)
    guardian_agreed_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("consent"), _("consents")
        constraints = [
            UniqueConstraint(
                fields=["user", "course"], condition=Q(withdrawn_at__isnull=True), name="one_consent_in_force"
            ),
            CheckConstraint(
                condition=Q(share_with_instructor=False) | Q(history=True), name="only_a_kept_history_is_shared"
            ),
            CheckConstraint(
                condition=Q(research_since=None) | Q(share_for_research=True), name="research_since_its_tick"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.course}"

    @property
    def is_current(self) -> bool:
        """Whether it was given to the present text. To a former one, the camera waits for a new yes."""
        return self.version == CONSENT_VERSION

    @property
    def waits_for_guardian(self) -> bool:
        return self.under_age and self.guardian_agreed_at is None

    @property
    def allows_camera(self) -> bool:
        """Whether the camera may start."""
        return self.withdrawn_at is None and self.is_current and self.camera and not self.waits_for_guardian


class EndedCourse(models.Model):
    """Since when a course is seen to be archived: its histories go some time after."""

    course = models.OneToOneField(Course, models.CASCADE, related_name="+")
    noticed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("ended course"), _("ended courses")

    def __str__(self) -> str:
        return f"{self.course}, since {self.noticed_at:%Y-%m-%d}"


class LessonSession(models.Model):
    """One stretch of a lesson with the camera on, from start to stop. `mode` says where its frames are read."""

    class Mode(models.TextChoices):
        SERVER = "server", "on the server"
        DEVICE = "device", "on the student's device"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_sessions")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="sessions")
    consent = models.ForeignKey(Consent, models.CASCADE, related_name="sessions")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.SERVER)
    baseline = models.JSONField(null=True, blank=True, help_text="How this face looks at rest: emotion.core.affect.")

    objects = LessonSessionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("lesson session"), _("lesson sessions")
        ordering = ["-started_at"]
        constraints = [CheckConstraint(condition=Q(mode__in=["server", "device"]), name="session_mode_is_known")]
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

    # Without an index of its own, which a reading would take longer to write, to keep and to prune: the constraint's
    # begins with the session.
    session = models.ForeignKey(LessonSession, models.CASCADE, related_name="readings", db_index=False)
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
    # Nothing asks for the readings of a model, but for the one that is deleted: an index would only be written.
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+", null=True, db_index=False)
    latency_ms = models.PositiveIntegerField(default=0, help_text="From accepted to classified.")

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("emotion reading"), _("emotion readings")
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

    # The constraint's index begins with it, and serves every history.
    session = models.ForeignKey(LessonSession, models.CASCADE, related_name="buckets", db_index=False)
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
    # How many ten-second windows ended in each learning state; "unsure" is neutral or unknown.
    # The database knows the default too: the upsert of readings names only its own columns.
    engaged = models.PositiveIntegerField(default=0, db_default=0)
    confused = models.PositiveIntegerField(default=0, db_default=0)
    frustrated = models.PositiveIntegerField(default=0, db_default=0)
    bored = models.PositiveIntegerField(default=0, db_default=0)
    delighted = models.PositiveIntegerField(default=0, db_default=0)
    unsure = models.PositiveIntegerField(default=0, db_default=0)

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("emotion bucket"), _("emotion buckets")
        constraints = [
            UniqueConstraint(
                fields=["session", "block_number", "edition", "place", "minute"],
                name="one_bucket_per_place_and_minute",
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} block {self.block_number} +{self.place * 10} s"


class ClassHistory(models.Model):
    """A class's history of a lesson, put together from its buckets each minute: over a large class, summing them takes
    longer than a page may. It holds what is shown and no more: nothing of fewer than five students.

    Without `points` there is none, and the buckets are summed: not put together yet, or somebody erased theirs since.
    """

    lesson = models.OneToOneField(Lesson, models.CASCADE, related_name="class_history")
    edition = models.PositiveIntegerField(default=1)
    students = models.PositiveIntegerField(null=True)
    points = models.JSONField(null=True)
    total = models.JSONField(null=True, help_text="The points as one, for the history of the course.")
    put_together_at = models.DateTimeField(null=True)
    # Raised by every change, so that sums read before an erasure are not written after it.
    generation = models.PositiveIntegerField(default=0)
    due = models.BooleanField(default=True)
    noticed_at = models.DateTimeField(default=timezone.now, help_text="When new readings were last seen.")

    class Meta:
        verbose_name, verbose_name_plural = _("class history"), _("class histories")

    def __str__(self) -> str:
        return f"{self.lesson}: {self.students} students"


class ClassFives(models.Model):
    """Who was let into an aggregate of a class together, so that it only ever changes by five students and more:
    emotion.fives. Of each student it has the row that they came with, which an erasure takes away."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="+")
    what = models.CharField(max_length=80, help_text="Which aggregate: of which lesson, edition and part.")
    groups = models.JSONField(default=list, help_text="[[kind, [row, ...]], ...]")

    class Meta:
        verbose_name, verbose_name_plural = _("class fives"), _("class fives")
        constraints = [UniqueConstraint(fields=["course", "what"], name="one_class_fives_per_aggregate")]

    def __str__(self) -> str:
        return f"{self.what}: {len(self.groups)} groups"


class LessonClimate(Lesson):
    """A lesson, in the admin, seen by how it felt."""

    class Meta:
        verbose_name, verbose_name_plural = _("lesson climate"), _("lesson climates")
        proxy = True


from emotion.support_models import (  # noqa: E402, F401
    SELF_REPORTED,
    SUPPORTED,
    BehaviourEvent,
    CourseCalibration,
    FirstRewind,
    OfLesson,
    SelfReport,
    SupportEvent,
    SupportPreference,
    SupportRule,
)
