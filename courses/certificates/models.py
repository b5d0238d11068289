"""Certificates of completion. Imported at the end of `courses.models`."""

import secrets

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.querysets import PartQuerySet, _taught_course_ids

# Without letters and digits that are mistaken for each other on paper.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_code() -> str:
    """Twelve letters: 60 bits, so that a code cannot be guessed."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


class RuleQuerySet(PartQuerySet):
    to_course, to_lesson = "course", None


class CertificateRule(models.Model):
    """Whether a course gives certificates, and for what beside all of its lessons."""

    course = models.OneToOneField("courses.Course", models.CASCADE, related_name="certificate_rule")
    is_on = models.BooleanField(_("give certificates"), default=False)
    lowest_percent = models.PositiveSmallIntegerField(
        _("lowest total"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("Percent in the gradebook. Empty: completing every lesson is enough."),
    )
    words = models.CharField(
        _("words on it"),
        max_length=200,
        blank=True,
        help_text=_("Such as: Six weeks, about 40 hours of work."),
    )
    signatory = models.CharField(_("who signs"), max_length=120, blank=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("certificate rule"), _("certificate rules")
        constraints = [
            CheckConstraint(
                condition=Q(lowest_percent__isnull=True) | Q(lowest_percent__lte=100),
                name="certificaterule_percent_is_percent",
            )
        ]

    def __str__(self) -> str:
        return gettext("Certificates of %(course)s") % {"course": self.course}


class CertificateQuerySet(models.QuerySet):
    def valid(self):
        return self.filter(revoked_at=None)

    def taught_by(self, user):
        return self if user.is_superuser else self.filter(course__in=_taught_course_ids(user))

    def visible_to(self, user):
        """One's own, and those of the courses one teaches. To verify one takes its code alone."""
        if user.is_superuser:
            return self
        return self.filter(Q(user_id=user.pk) | Q(course__in=_taught_course_ids(user)))


class Certificate(models.Model):
    """What was said on the day it was given; a later change of name or title changes nothing on it."""

    code = models.CharField(max_length=20, unique=True, default=new_code)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="certificates")
    course = models.ForeignKey("courses.Course", models.PROTECT, related_name="certificates")
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    words = models.CharField(max_length=200, blank=True)
    signatory = models.CharField(max_length=120, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    issued_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=400, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("certificate"), _("certificates")
        ordering = ["-issued_at"]
        constraints = [UniqueConstraint(fields=["user", "course"], name="certificate_one_for_each_course")]

    def __str__(self) -> str:
        return f"{self.name}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("certificates:verify", args=[self.code])
