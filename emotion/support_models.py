"""What students say and do in a lesson, and the support that answers it: the rows. Imported at the end of
`emotion.models`."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from emotion.core.labels import BEHAVIOURS
from emotion.querysets import OwnQuerySet


class OfLesson(models.Model):
    """Something a student did or said at a place in a lesson, with or without a camera."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="+")
    block_number = models.PositiveBigIntegerField(default=0)
    edition = models.PositiveIntegerField(default=1)
    place_seconds = models.FloatField(default=0)
    at = models.DateTimeField(default=timezone.now)

    objects = OwnQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-at", "-pk"]


SELF_REPORTED = ("engaged", "confused", "frustrated", "bored", "delighted", "neutral")
SUPPORTED = ("confused", "frustrated", "bored", "delighted")


class SelfReport(OfLesson):
    """One tap on "How is this going?". Kept with the course.

    Made with the camera on, it keeps what the ten seconds before it looked like, smoothed: without that, the readings
    are gone after a day and the answer could teach the course nothing.
    """

    state = models.CharField(max_length=10, choices=[(state, state) for state in SELF_REPORTED])
    features = models.JSONField(null=True, blank=True, help_text="By name: emotion.core.affect.FEATURES.")

    class Meta(OfLesson.Meta):
        verbose_name, verbose_name_plural = _("self report"), _("self reports")
        constraints = [CheckConstraint(condition=Q(state__in=SELF_REPORTED), name="self_report_state_is_known")]
        # The last ten minutes of one student in one lesson, when a learning state is estimated.
        indexes = [models.Index(fields=["user", "lesson", "-at"], name="self_report_newest")]

    def __str__(self) -> str:
        return f"{self.user}: {self.state}"


class CourseCalibration(models.Model):
    """How far a course's learning states can be trusted, fitted from what its students said."""

    course = models.OneToOneField(Course, models.CASCADE, related_name="calibration")
    fitted_at = models.DateTimeField(default=timezone.now)
    answers = models.PositiveIntegerField(default=0)
    students = models.PositiveIntegerField(default=0)
    newest_answer_at = models.DateTimeField(null=True, blank=True)
    shortfall = models.CharField(max_length=120, blank=True, help_text="What is missing, while it is uncalibrated.")
    fitted = models.JSONField(null=True, blank=True, help_text="emotion.core.affect_calibration.Calibration")

    class Meta:
        verbose_name, verbose_name_plural = _("course calibration"), _("course calibrations")

    def __str__(self) -> str:
        return f"{self.course}: {self.shortfall or 'calibrated'}"


class BehaviourEvent(OfLesson):
    """Something done in a lesson's page that says how it goes. Kept as long as readings are."""

    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in BEHAVIOURS])

    class Meta(OfLesson.Meta):
        verbose_name, verbose_name_plural = _("behaviour event"), _("behaviour events")
        constraints = [CheckConstraint(condition=Q(kind__in=BEHAVIOURS), name="behaviour_kind_is_known")]
        indexes = [
            # The last ten minutes of one student in one lesson, when a learning state is estimated.
            models.Index(fields=["user", "lesson", "-at"], name="behaviour_newest"),
            # Pruning: the oldest first.
            models.Index(fields=["at"], name="behaviour_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"


class FirstRewind(models.Model):
    """Where a student first went back in a part of a lesson's edition: what hot spots count. It stays as long as a
    history, and never changes; its number is that of the event it came from, which no other event gets."""

    event_number = models.PositiveBigIntegerField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="+")
    # Without an index of its own: the one below begins with it.
    lesson = models.ForeignKey(Lesson, models.CASCADE, verbose_name=_("lesson"), related_name="+", db_index=False)
    block_number = models.PositiveBigIntegerField()
    edition = models.PositiveIntegerField()
    place = models.PositiveIntegerField(help_text="Tens of seconds into the block.")

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("first rewind")
        verbose_name_plural = _("first rewinds")
        constraints = [
            # Its index serves the hot spots of an edition, too.
            UniqueConstraint(fields=["lesson", "edition", "block_number", "user"], name="one_first_rewind_in_a_part")
        ]

    def __str__(self) -> str:
        return f"{self.user}: block {self.block_number} +{self.place * 10} s"


class SupportRule(models.Model):
    """Which state, lasting how long, leads to which offer. Without a course it is a default for all of them."""

    class Action(models.TextChoices):
        HINT = "hint", _("a hint")
        WORKED_EXAMPLE = "worked_example", _("a worked example")
        WATCH_AGAIN = "watch_again", _("go back to this part")
        BREAK = "break", _("a short break")
        ENCOURAGE = "encourage", _("a word of encouragement")
        DISCUSS = "discuss", _("ask in the discussion")
        OFFER_TUTOR = "offer_tutor", _("offer to tell the tutor")

    course = models.ForeignKey(
        Course, models.CASCADE, verbose_name=_("course"), null=True, blank=True, related_name="support_rules"
    )
    lesson = models.ForeignKey(
        Lesson, models.CASCADE, verbose_name=_("lesson"), null=True, blank=True, related_name="support_rules"
    )
    state = models.CharField(_("state"), max_length=10, choices=[(state, _(state)) for state in SUPPORTED])
    lasting_seconds = models.PositiveIntegerField(_("seconds it lasts"), default=60)
    min_confidence = models.FloatField(_("lowest confidence"), default=0.65)
    action = models.CharField(_("action"), max_length=14, choices=Action)
    question = models.CharField(
        _("question"), max_length=160, blank=True, help_text=_("Empty: the starter text, in four languages.")
    )
    offer = models.TextField(
        _("offer"), blank=True, help_text=_("What somebody who accepts reads. Empty: the starter text.")
    )
    cooldown_minutes = models.PositiveIntegerField(_("minutes before the next offer"), default=20)
    holdout_share = models.FloatField(
        _("share held out"), default=0.2, help_text=_("Of the occasions of those who ticked research.")
    )
    position = models.PositiveIntegerField(_("position"), default=1)
    active = models.BooleanField(_("active"), default=True)
    paused_reason = models.CharField(_("why it is paused"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("support rule"), _("support rules")
        ordering = ["position", "pk"]
        constraints = [
            CheckConstraint(condition=Q(state__in=SUPPORTED), name="support_state_is_known"),
            CheckConstraint(
                condition=Q(min_confidence__gte=0, min_confidence__lte=1), name="support_confidence_in_0_1"
            ),
            CheckConstraint(condition=Q(holdout_share__gte=0, holdout_share__lte=0.5), name="support_holdout_to_half"),
            # The starter set is written by whoever needs it first; two at once write it once.
            UniqueConstraint(
                fields=["state", "action"],
                condition=Q(course__isnull=True, lesson__isnull=True),
                name="one_default_rule_per_offer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.get_action_display()}"


class SupportEvent(OfLesson):
    """An occasion of a rule: an offer that was shown, or one held out to learn whether offers help."""

    RESPONSES = ("accepted", "fine", "snoozed", "dismissed", "dont_ask")

    rule = models.ForeignKey(SupportRule, models.CASCADE, related_name="events")
    session = models.ForeignKey(
        "emotion.LessonSession", models.SET_NULL, null=True, blank=True, related_name="support_events"
    )
    state = models.CharField(max_length=10)
    confidence = models.FloatField()
    reason = models.JSONField(default=dict, help_text="What spoke for the state, and since when; shown on request.")
    held_out = models.BooleanField(default=False)
    # Only occasions that could have been held out are compared with those that were.
    randomised = models.BooleanField(default=False)
    response = models.CharField(max_length=10, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    answered_right_next = models.BooleanField(null=True)
    stayed = models.BooleanField(null=True)
    reported_better = models.BooleanField(null=True)

    class Meta(OfLesson.Meta):
        verbose_name, verbose_name_plural = _("support event"), _("support events")
        constraints = [
            CheckConstraint(
                condition=Q(response__in=("", "accepted", "fine", "snoozed", "dismissed", "dont_ask")),
                name="support_response_is_known",
            ),
            CheckConstraint(condition=Q(held_out=False) | Q(randomised=True), name="support_held_out_by_chance"),
        ]
        indexes = [
            # The last day of one student, before another offer is made.
            models.Index(fields=["user", "-at"], name="support_event_newest"),
            # Whether a rule helps.
            models.Index(fields=["rule", "held_out"], name="support_event_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.rule}"


class SupportPreference(models.Model):
    """What a student wants of support; without a row, all of it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="support_preference")
    off = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    dismissals = models.PositiveIntegerField(default=0)
    muted_states = models.JSONField(default=list, blank=True)
    muted_rules = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("support preference"), _("support preferences")

    def __str__(self) -> str:
        return f"{self.user}: {'off' if self.off else 'on'}"
