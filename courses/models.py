import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courses import querysets


class CourseStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class LessonStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class BlockKind(models.TextChoices):
    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    FILE = "file", _("File")
    EMBED = "embed", _("Embed")
    QUIZ = "quiz", _("Quiz")
    ASSIGNMENT = "assignment", _("Assignment")
    REFLECTION = "reflection", _("Reflection")


class CompletionRule(models.TextChoices):
    NONE = "none", _("nothing; reading is enough")
    SEEN = "seen", _("seen for so many seconds")
    WATCHED = "watched", _("watched to so many percent")
    SUBMITTED = "submitted", _("handed in")
    PASSED = "passed", _("passed")


class Role(models.TextChoices):
    STUDENT = "student", _("student")
    ASSISTANT = "assistant", _("assistant")
    INSTRUCTOR = "instructor", _("instructor")
    OBSERVER = "observer", _("observer")


class EnrollmentStatus(models.TextChoices):
    """Only an active enrollment opens anything; the others are on their way in, or out."""

    ACTIVE = "active", _("active")
    REQUESTED = "requested", _("asks to join")
    WAITING = "waiting", _("on the waiting list")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", pgettext_lazy("the course", "left")


class EnrollmentMode(models.TextChoices):
    OPEN = "open", _("anyone may join")
    CODE = "code", _("with a course code")
    INVITATION = "invitation", _("by invitation")
    APPROVAL = "approval", _("when an instructor agrees")


def _one_of(field: str, choices: type[models.TextChoices], name: str) -> CheckConstraint:
    return CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


class Course(models.Model):
    Status = CourseStatus
    Mode = EnrollmentMode

    title = models.CharField(_("title"), max_length=120)
    slug = models.SlugField(
        _("slug"), max_length=80, unique=True, help_text=_("The last part of the course's address.")
    )
    summary = models.CharField(
        _("summary"), max_length=240, help_text=_("One or two sentences, shown in the catalogue.")
    )
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    enrollment = models.CharField(_("who may join"), max_length=10, choices=EnrollmentMode, default=EnrollmentMode.OPEN)
    enrollment_code = models.CharField(_("course code"), max_length=40, blank=True)
    seats = models.PositiveIntegerField(
        _("seats"),
        null=True,
        blank=True,
        help_text=_("How many students it takes; the next ones wait. Empty sets no limit."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = querysets.CourseQuerySet.as_manager()

    _roles: dict[int | None, str | None] | None = None

    class Meta:
        verbose_name, verbose_name_plural = _("course"), _("courses")
        ordering = ["title"]
        constraints = [
            _one_of("status", CourseStatus, "course_status_is_known"),
            _one_of("enrollment", EnrollmentMode, "course_enrollment_is_known"),
            CheckConstraint(
                condition=~Q(enrollment="code") | ~Q(enrollment_code=""), name="course_with_a_code_mode_has_a_code"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("courses:course", args=[self.slug])

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    def role_of(self, user) -> str | None:
        """As what this person is actively enrolled here."""
        if self._roles is not None and user.pk in self._roles:
            return self._roles[user.pk]
        return self.enrollments.active().filter(user_id=user.pk).values_list("role", flat=True).first()

    def remember_role_of(self, user) -> None:
        """Look the role up once for a page whose parts each ask for it. This object does not notice when it changes
        afterwards: for those that live as long as a request."""
        role = self.role_of(user)
        self._roles = {**(self._roles or {}), user.pk: role}

    def is_taught_by(self, user) -> bool:
        return user.is_superuser or self.role_of(user) == Role.INSTRUCTOR

    def is_taken_by(self, user) -> bool:
        """Whatever their role here."""
        return self.role_of(user) is not None

    def is_learned_by(self, user) -> bool:
        """Whether what this person does here is kept as learning: of students it is, of nobody else. Who administers
        the site only ever previews."""
        return not user.is_superuser and self.role_of(user) == Role.STUDENT

    def is_staffed_by(self, user) -> bool:
        """As instructor or assistant."""
        return user.is_superuser or self.role_of(user) in (Role.INSTRUCTOR, Role.ASSISTANT)


class Module(models.Model):
    course = models.ForeignKey(Course, models.CASCADE, verbose_name=_("course"), related_name="modules")
    title = models.CharField(_("title"), max_length=120)
    position = models.PositiveIntegerField(_("position"), default=1)

    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True, help_text=_("Closed to students until then."))
    opens_after_days = models.PositiveSmallIntegerField(
        _("days until it opens"),
        null=True,
        blank=True,
        help_text=_("So many days after a student joined, or after the start of their cohort."),
    )
    prerequisites = models.ManyToManyField(
        "courses.Lesson",
        verbose_name=_("prerequisites"),
        blank=True,
        related_name="modules_after",
        help_text=_("Lessons to complete first."),
    )

    objects = querysets.ModuleQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("module"), _("modules")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["course", "position"], name="module_position_unique_in_course"),
        ]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    Status = LessonStatus

    module = models.ForeignKey(Module, models.CASCADE, verbose_name=_("module"), related_name="lessons")
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("summary"), max_length=240, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=10, help_text=_("How long it takes most people."))
    position = models.PositiveIntegerField(_("position"), default=1)
    edition = models.PositiveIntegerField(
        _("edition"),
        default=1,
        help_text=_("Raise this when the text changes so much that earlier impressions no longer apply."),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)

    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True, help_text=_("Closed to students until then."))
    opens_after_days = models.PositiveSmallIntegerField(
        _("days until it opens"),
        null=True,
        blank=True,
        help_text=_("So many days after a student joined, or after the start of their cohort."),
    )
    prerequisites = models.ManyToManyField(
        "self",
        verbose_name=_("prerequisites"),
        symmetrical=False,
        blank=True,
        related_name="lessons_after",
        help_text=_("Lessons to complete first."),
    )

    objects = querysets.LessonQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("lesson"), _("lessons")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["module", "position"], name="lesson_position_unique_in_module"),
            CheckConstraint(condition=Q(edition__gte=1), name="lesson_edition_starts_at_one"),
            _one_of("status", LessonStatus, "lesson_status_is_known"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("courses:lesson", args=[self.pk])

    @property
    def course(self) -> Course:
        return self.module.course


def asset_path(asset: "Asset", name: str) -> str:
    return f"courses/{asset.course_id}/{uuid.uuid4().hex}"


class Asset(models.Model):
    """A file of a course: a picture, a video, its captions, a handout. Nothing serves it but the view that asks who may
    see it. Made by `assets.keep`, which looks at the content; the browser's word for its type counts for nothing.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="assets")
    file = models.FileField(upload_to=asset_path)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = querysets.AssetQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("asset"), _("assets")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("courses:asset", args=[self.pk, self.name])


class Block(models.Model):
    """A piece of a lesson. What its kind needs of the fields below, and how it is shown, is told in `blocks.py`."""

    Kind = BlockKind
    Rule = CompletionRule

    lesson = models.ForeignKey(Lesson, models.CASCADE, verbose_name=_("lesson"), related_name="blocks")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TEXT)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("body"), blank=True, help_text=_("Markdown. For a quiz, the words before its questions."))
    position = models.PositiveIntegerField(_("position"), default=1)
    asset = models.ForeignKey(
        Asset,
        models.SET_NULL,
        verbose_name=_("asset"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Its picture, video or file."),
    )
    captions = models.ForeignKey(
        Asset,
        models.SET_NULL,
        verbose_name=_("captions"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("A video's captions, as WebVTT."),
    )
    alt_text = models.CharField(
        _("alt text"), max_length=400, blank=True, help_text=_("What the picture shows, for those who do not see it.")
    )
    address = models.CharField(
        _("address"),
        max_length=500,
        blank=True,
        help_text=_("A video at YouTube or Vimeo, or a page of an allowed site to embed."),
    )
    rule = models.CharField(
        _("is complete when"),
        max_length=10,
        choices=Rule,
        default=Rule.NONE,
        help_text=_("What a student has to do here."),
    )
    rule_value = models.PositiveIntegerField(
        _("seconds or percent"), default=0, help_text=_("For “seen” the seconds, for “watched” the percent.")
    )

    version = models.PositiveIntegerField(
        _("version"), default=1, help_text=_("Counts its saves, so that two authors notice each other.")
    )
    removed_at = models.DateTimeField(
        _("removed at"), null=True, blank=True, help_text=_("Taken out of the lesson; its history keeps it.")
    )

    # What was taken out is gone for every page; what students did there stays, and a restored lesson has it back.
    objects = querysets.PresentBlocks.from_queryset(querysets.BlockQuerySet)()
    with_removed = querysets.BlockQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("block"), _("blocks")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(
                fields=["lesson", "position"],
                condition=Q(removed_at__isnull=True),
                name="block_position_unique_in_lesson",
            ),
            _one_of("kind", BlockKind, "block_kind_is_known"),
            _one_of("rule", CompletionRule, "block_rule_is_known"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def course(self) -> Course:
        return self.lesson.course


class Enrollment(models.Model):
    Role = Role
    Status = EnrollmentStatus

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="enrollments"
    )
    course = models.ForeignKey(Course, models.CASCADE, verbose_name=_("course"), related_name="enrollments")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.STUDENT)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    cohort = models.ForeignKey(
        "courses.Cohort", models.SET_NULL, verbose_name=_("cohort"), null=True, blank=True, related_name="enrollments"
    )
    words = models.CharField(max_length=1000, blank=True, help_text=_("What they wrote when they asked to join."))
    queued_at = models.DateTimeField(null=True, blank=True, help_text=_("Since when they wait: the order of the list."))
    created_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = querysets.EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("enrollment"), _("enrollments")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["user", "course"], name="enrollment_unique_user_in_course"),
            _one_of("role", Role, "enrollment_role_is_known"),
            _one_of("status", EnrollmentStatus, "enrollment_status_is_known"),
            CheckConstraint(
                condition=Q(status="waiting", queued_at__isnull=False)
                | (~Q(status="waiting") & Q(queued_at__isnull=True)),
                name="enrollment_waits_since_then",
            ),
        ]
        indexes = [
            # Who is next when a seat comes free, and somebody's place in the list.
            models.Index(
                fields=["course", "queued_at", "id"], condition=Q(status="waiting"), name="enrollment_waiting_list"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.course}"


from courses.assignments.models import (  # noqa: E402, F401
    Assignment,
    Criterion,
    Mark,
    Submission,
    SubmissionFile,
)
from courses.at_risk.models import Outreach  # noqa: E402, F401
from courses.calendar.models import CalendarFeed  # noqa: E402, F401
from courses.certificates.models import Certificate, CertificateRule  # noqa: E402, F401
from courses.discussion.models import (  # noqa: E402, F401
    Moderation,
    Post,
    PostReport,
    PostVote,
    Revision,
    Thread,
    ThreadSubscription,
)
from courses.enrollment.models import Cohort, Invitation  # noqa: E402, F401
from courses.events.models import LearningEvent, WebhookDelivery, WebhookEndpoint  # noqa: E402, F401
from courses.gradebook.models import (  # noqa: E402, F401
    GradebookRule,
    GradeCategory,
    GradeChange,
    GradeOverride,
    GradePlacement,
)
from courses.notifications.models import Announcement, Notification, NotificationPreference  # noqa: E402, F401
from courses.progress_models import BlockProgress, Progress, Reflection  # noqa: E402, F401
from courses.quizzes.models import (  # noqa: E402, F401
    Choice,
    Question,
    QuestionPool,
    Quiz,
    QuizAccommodation,
    QuizAttempt,
    QuizDraw,
)
from courses.release.models import CohortLessonDate  # noqa: E402, F401
from courses.studio.models import LessonRevision  # noqa: E402, F401
