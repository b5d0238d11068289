"""How a course's marks add up, and what somebody changed by hand. Imported at the end of `courses.models`."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.querysets import PartQuerySet


class CategoryQuerySet(PartQuerySet):
    to_course, to_lesson = "course", None


class GradebookRule(models.Model):
    course = models.OneToOneField("courses.Course", models.CASCADE, related_name="gradebook_rule")
    missing_is_zero = models.BooleanField(
        _("what is missing counts as zero"),
        default=False,
        help_text=_("Otherwise a total is made of what has a mark so far. Turn this on when the course ends."),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("gradebook rule"), _("gradebook rules")

    def __str__(self) -> str:
        return gettext("Gradebook of %(course)s") % {"course": self.course}


class GradeCategory(models.Model):
    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="grade_categories")
    name = models.CharField(max_length=80)
    weight = models.PositiveSmallIntegerField(default=50, validators=[MaxValueValidator(100)], help_text=_("Percent."))
    drop_lowest = models.PositiveSmallIntegerField(
        _("leave out the lowest"),
        default=0,
        validators=[MaxValueValidator(20)],
        help_text=_("How many. The last one stays."),
    )
    position = models.PositiveIntegerField(default=1)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("grade category"), _("grade categories")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["course", "name"], name="gradecategory_name_unique_in_course"),
            CheckConstraint(condition=Q(weight__lte=100), name="gradecategory_weight_is_percent"),
        ]

    def __str__(self) -> str:
        return self.name


class GradePlacement(models.Model):
    """Which category something belongs to, by its key: see `courses.grade_items`."""

    category = models.ForeignKey(GradeCategory, models.CASCADE, related_name="placements")
    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="grade_placements")
    key = models.CharField(max_length=40)

    class Meta:
        verbose_name, verbose_name_plural = _("grade placement"), _("grade placements")
        constraints = [UniqueConstraint(fields=["course", "key"], name="gradeplacement_key_unique_in_course")]

    def __str__(self) -> str:
        return f"{self.key} in {self.category}"


class GradeOverride(models.Model):
    """A mark set by hand, or excused. It stands until it is taken away; `GradeChange` keeps who did what."""

    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="grade_overrides")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grade_overrides")
    key = models.CharField(max_length=40)
    points = models.FloatField(null=True, blank=True)
    is_excused = models.BooleanField(default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("grade override"), _("grade overrides")
        constraints = [
            UniqueConstraint(fields=["course", "user", "key"], name="gradeoverride_unique_user_and_key"),
            CheckConstraint(
                condition=Q(is_excused=True, points__isnull=True) | Q(is_excused=False, points__gte=0),
                name="gradeoverride_has_points_or_excuse",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.key}"


class GradeChange(models.Model):
    """One line of the trail. It is only ever added to."""

    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="grade_changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grade_changes")
    key = models.CharField(max_length=40)
    before = models.CharField(max_length=40)
    after = models.CharField(max_length=40)
    reason = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("grade change"), _("grade changes")
        ordering = ["-at", "-pk"]
        indexes = [
            # The trail of one mark, on its page.
            models.Index(fields=["course", "user", "key", "-at"], name="gradechange_trail"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.key}, {self.before} to {self.after}"
