"""Work that is handed in and marked by a person. Imported at the end of `courses.models`."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.assignments import late, querysets


class Assignment(models.Model):
    block = models.OneToOneField("courses.Block", models.CASCADE, related_name="assignment")
    points = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1)],
        help_text=_("With a rubric, the sum of its best levels counts instead."),
    )
    pass_percent = models.PositiveSmallIntegerField(default=50, validators=[MaxValueValidator(100)])
    takes_text = models.BooleanField(_("text can be handed in"), default=True)
    most_files = models.PositiveSmallIntegerField(
        _("how many files"),
        default=3,
        validators=[MaxValueValidator(20)],
        help_text=_("0 takes none."),
    )
    file_types = models.CharField(
        max_length=200,
        blank=True,
        default="pdf, docx, odt, txt, png, jpg",
        help_text=_("Endings. Empty takes any."),
    )
    largest_mb = models.PositiveSmallIntegerField(
        _("largest file, MB"), default=20, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    late_percent = models.PositiveSmallIntegerField(
        _("percent off a day late"),
        default=0,
        validators=[MaxValueValidator(100)],
        help_text=_("For each day that began."),
    )
    late_until = models.DateTimeField(
        _("taken until"),
        null=True,
        blank=True,
        help_text=_("After this nothing is taken. Empty: late work is always taken."),
    )
    resubmissions = models.PositiveSmallIntegerField(
        _("times it may be handed in again"), default=1, validators=[MaxValueValidator(50)]
    )

    objects = querysets.AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assignment"), _("assignments")
        ordering = ["pk"]
        constraints = [
            CheckConstraint(condition=Q(points__gte=1), name="assignment_is_worth_something"),
            CheckConstraint(
                condition=Q(pass_percent__lte=100, late_percent__lte=100), name="assignment_percents_are_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.block.title

    def get_absolute_url(self) -> str:
        return f"{reverse('courses:lesson', args=[self.block.lesson_id])}#block-{self.block_id}"

    def clean(self) -> None:
        if not self.takes_text and not self.most_files:
            raise ValidationError({"most_files": gettext("It has to take text or files.")})
        if self.late_until and self.due_at and self.late_until < self.due_at:
            raise ValidationError({"late_until": gettext("This lies before it is due.")})

    @property
    def lesson(self):
        return self.block.lesson

    @property
    def course(self):
        return self.block.lesson.course

    @property
    def endings(self) -> list[str]:
        return [part.strip().lstrip(".").lower() for part in self.file_types.split(",") if part.strip(" .")]

    def is_closed(self, now) -> bool:
        return self.late_until is not None and now > self.late_until


class Criterion(models.Model):
    """A row of the rubric. Its levels are lines of text, each beginning with its points."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="criteria")
    title = models.CharField(max_length=120)
    levels = models.JSONField(default=list, help_text='[{"points": 4, "words": "Clear and complete"}], best first')
    position = models.PositiveIntegerField(default=1)

    objects = querysets.CriterionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("criterion"), _("criteria")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["assignment", "position"], name="criterion_position_unique_in_assignment")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def course(self):
        return self.assignment.course

    @property
    def points(self) -> float:
        return max((level["points"] for level in self.levels), default=0)


class Submission(models.Model):
    """One go at an assignment: a draft until it is handed in, and then as it was."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="submissions")
    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="submissions")
    number = models.PositiveIntegerField(default=1)
    text = models.TextField(blank=True)
    saved_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("submission"), _("submissions")
        ordering = ["-number"]
        constraints = [
            UniqueConstraint(fields=["user", "assignment", "number"], name="submission_number_unique"),
            # Two tabs that begin at once write in the same draft.
            UniqueConstraint(
                fields=["user", "assignment"], condition=Q(submitted_at__isnull=True), name="submission_one_draft"
            ),
        ]
        indexes = [
            # The list of what came in, and the queue of what waits for marks.
            models.Index(fields=["assignment", "submitted_at"], name="submission_came_in"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.assignment}, {self.number}"

    @property
    def course(self):
        return self.assignment.course

    @property
    def days_late(self) -> int:
        return late.days_late(self.assignment.due_at, self.submitted_at)


def file_path(kept: "SubmissionFile", name: str) -> str:
    return f"submissions/{kept.submission.assignment_id}/{uuid.uuid4().hex}"


class SubmissionFile(models.Model):
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="files")
    file = models.FileField(upload_to=file_path)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = querysets.SubmissionFileQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("submission file"), _("submission files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Mark(models.Model):
    """What a submission is worth. Its student sees it once it is released."""

    submission = models.OneToOneField(Submission, models.CASCADE, related_name="mark")
    points = models.FloatField(
        validators=[MinValueValidator(0)], help_text=_("Before anything is taken off for lateness.")
    )
    levels = models.JSONField(default=dict, help_text='{"criterion id": index of its level}')
    comment = models.TextField(blank=True)
    marker = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("mark"), _("marks")
        constraints = [CheckConstraint(condition=Q(points__gte=0), name="mark_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.submission}: {self.points:g}"

    @property
    def version(self) -> str:
        """Changes with each save, so that two markers notice each other."""
        return self.updated_at.isoformat()

    @property
    def final_points(self) -> float:
        """After what is taken off for lateness."""
        return late.reduced(self.points, self.submission.days_late, self.submission.assignment.late_percent)
