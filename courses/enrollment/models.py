import secrets

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.enrollment import querysets
from courses.models import Role

# An instructor is made by hand: a link that got into the wrong mailbox must not give a course away.
INVITED_ROLES = (Role.STUDENT, Role.ASSISTANT, Role.OBSERVER)
INVITED_CHOICES = [(role.value, role.label) for role in INVITED_ROLES]


def new_token() -> str:
    return secrets.token_urlsafe(24)


class Cohort(models.Model):
    """Those who take a course together. Lessons can open for them at dates of their own."""

    course = models.ForeignKey("courses.Course", models.CASCADE, verbose_name=_("course"), related_name="cohorts")
    name = models.CharField(_("name"), max_length=80)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)

    objects = querysets.CohortQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("cohort"), _("cohorts")
        ordering = ["starts_on", "name", "pk"]
        constraints = [
            UniqueConstraint(
                fields=["course", "name"],
                name="cohort_name_unique_in_course",
                violation_error_message=_("This course has a cohort of that name."),
            ),
            CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="cohort_ends_after_its_start",
                violation_error_message=_("A cohort ends after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A link into a course. With an address it is for that person alone."""

    course = models.ForeignKey("courses.Course", models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=10, choices=INVITED_CHOICES, default="student")
    cohort = models.ForeignKey(Cohort, models.SET_NULL, null=True, blank=True, related_name="+")
    most_uses = models.PositiveIntegerField(
        _("how many may use it"), null=True, blank=True, help_text=_("Empty: any number.")
    )
    uses = models.PositiveIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField(_("works until"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    site = models.CharField(
        max_length=200, blank=True, editable=False, help_text=_("What its mail's link begins with.")
    )
    mail_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = querysets.InvitationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("invitation"), _("invitations")
        ordering = ["-created_at", "-pk"]
        indexes = [
            # The mails that wait to be sent.
            models.Index(fields=["mail_tries", "id"], condition=Q(mailed_at=None), name="invitation_to_mail"),
        ]
        constraints = [
            CheckConstraint(condition=Q(role__in=INVITED_ROLES), name="invitation_role_is_known"),
            CheckConstraint(
                condition=Q(most_uses__isnull=True) | Q(uses__lte=F("most_uses")), name="invitation_used_within_limit"
            ),
            # One open invitation a person: an import that is repeated finds it and sends no second mail.
            UniqueConstraint(
                fields=["course", "email"],
                condition=~Q(email="") & Q(revoked_at__isnull=True, uses=0),
                name="invitation_unique_open_address",
            ),
        ]

    def __str__(self) -> str:
        return self.email or f"link for {self.get_role_display()}s"

    def get_absolute_url(self) -> str:
        return reverse("enrollment:join", args=[self.token])

    @property
    def is_usable(self) -> bool:
        return not self.why_not

    @property
    def why_not(self) -> str:
        """The sentence that tells why it no longer works; empty while it does."""
        if self.revoked_at:
            return gettext("This invitation was taken back.")
        if self.expires_at and self.expires_at <= timezone.now():
            return gettext("This invitation has run out.")
        if self.most_uses is not None and self.uses >= self.most_uses:
            return gettext("This invitation was used as often as it may be.")
        return ""
