"""The audit log's rows. Written and checked by `audit.py` only. Imported at the end of `accounts.models`."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AppendOnly(TypeError):
    """The log is only ever added to."""

    def __init__(self) -> None:
        super().__init__("The audit log is only ever added to.")


def new_pseudonym() -> str:
    return secrets.token_hex(16)


class Pseudonym(models.Model):
    """Under which name a person stands in the audit log. With this row their erasure takes the way from one to the
    other; the log stays whole."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pseudonym")
    name = models.CharField(max_length=32, unique=True, default=new_pseudonym, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("pseudonym"), _("pseudonyms")

    def __str__(self) -> str:
        return self.name


class AuditEntryQuerySet(models.QuerySet):
    def of(self, user) -> Self:
        """What a person did and what concerns them."""
        mine = Pseudonym.objects.filter(user_id=user.pk).values("name")
        return self.filter(Q(actor__in=mine) | Q(subject__in=mine))

    def update(self, **_fields) -> int:
        raise AppendOnly

    def delete(self):
        raise AppendOnly


class AuditEntry(models.Model):
    """Who did what, to whose data, when. Each holds the digest of the one before, so none can be changed, taken out or
    put in between without `verify_audit_log` finding it."""

    class Action(models.TextChoices):
        CONSENT_GIVEN = "consent_given", _("agreed to the camera")
        CONSENT_WITHDRAWN = "consent_withdrawn", _("withdrew their consent")
        HISTORY_VIEWED = "history_viewed", _("looked at a history that was shared")
        HISTORY_EXPORTED = "history_exported", _("downloaded a history")
        CLASS_EXPORTED = "class_exported", _("downloaded a class's history")
        RESEARCH_EXPORTED = "research_exported", _("put together a file for research")
        GRADES_EXPORTED = "grades_exported", _("downloaded a class's marks")
        COURSE_EXPORTED = "course_exported", _("downloaded a course")
        HISTORY_ERASED = "history_erased", _("erased a history")
        DATA_EXPORTED = "data_exported", _("downloaded everything about them")
        ACCOUNT_ERASED = "account_erased", _("erased the account")
        MODEL_PROMOTED = "model_promoted", _("chose the model that serves")
        GATE_STATED = "gate_stated", _("stated where the emotion features run")
        GATE_CLOSED = "gate_closed", _("turned the emotion features off")
        GUARDIAN_ASKED = "guardian_asked", _("asked a guardian for their consent")
        GUARDIAN_AGREED = "guardian_agreed", _("a guardian agreed to the camera")
        GUARDIAN_REFUSED = "guardian_refused", _("a guardian refused the camera")
        RETENTION = "retention", _("deleted what was past its time")

    number = models.PositiveBigIntegerField(pgettext_lazy("one of a series", "number"), unique=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(
        _("actor"), max_length=32, blank=True, help_text=_("A pseudonym; empty for the site itself.")
    )
    subject = models.CharField(
        _("subject"), max_length=32, blank=True, help_text=_("A pseudonym; empty where it is nobody's data.")
    )
    action = models.CharField(_("action"), max_length=20, choices=Action)
    detail = models.JSONField(_("detail"), default=dict, help_text=_("Ids and names of things, never of people."))
    previous = models.CharField(_("previous digest"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("audit entry"), _("audit log")
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["actor", "-number"], name="audit_of_actor"),
            models.Index(fields=["subject", "-number"], name="audit_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.action}"

    def save(self, *args, **kwargs) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise AppendOnly
