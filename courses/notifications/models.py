from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.notifications import querysets


class NotificationKind(models.TextChoices):
    ANNOUNCEMENT = "announcement", _("Announcements of your courses")
    REPLY = "reply", _("Replies in discussions you follow")
    ACCEPTED = "accepted", _("Your answer was accepted")
    MARKS = "marks", _("Your marks are there")
    DEADLINE = "deadline", _("Something is due soon")
    ENROLMENT = "enrolment", _("You were enrolled in a course")
    MESSAGE = "message", _("Messages from those who teach you")
    ASKED = "asked", _("A student asks you for help")
    WEEKLY = "weekly", _("How the courses that you teach go, once a week")
    PAUSED = "paused", _("A rule of support in a course that you teach was paused")


class MailWish(models.TextChoices):
    OFF = "off", _("No e-mail")
    EACH = "each", _("At once")
    DAILY = "daily", _("Once a day, at 07:00")


# What people get until they choose: what has a date or was said to everyone goes out at once, talk once a day.
DEFAULT_MAIL = {
    NotificationKind.ANNOUNCEMENT: MailWish.EACH,
    NotificationKind.REPLY: MailWish.DAILY,
    NotificationKind.ACCEPTED: MailWish.DAILY,
    NotificationKind.MARKS: MailWish.EACH,
    NotificationKind.DEADLINE: MailWish.EACH,
    NotificationKind.ENROLMENT: MailWish.EACH,
    NotificationKind.MESSAGE: MailWish.EACH,
    NotificationKind.ASKED: MailWish.EACH,
    NotificationKind.WEEKLY: MailWish.EACH,
    NotificationKind.PAUSED: MailWish.EACH,
}


class Notification(models.Model):
    """Something one person should hear of. Written by `services.notify` only."""

    Kind = NotificationKind
    Mail = MailWish

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=12, choices=Kind)
    course = models.ForeignKey("courses.Course", models.CASCADE, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=240)
    text = models.TextField(blank=True, help_text=_("Markdown, for the e-mail."))
    url = models.CharField(max_length=300, help_text=_("A path of this site."))
    key = models.CharField(max_length=120, help_text=_("The occasion: a person hears of each once."))
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=5, choices=Mail)
    mail_after = models.DateTimeField(help_text=_("Not before this: the next digest, the next try, or a claim's end."))
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True, help_text=_("Of the worker that is sending it."))
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.NotificationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notification"), _("notifications")
        ordering = ["-created_at", "-pk"]
        constraints = [
            UniqueConstraint(fields=["user", "key"], name="notification_unique_key_for_user"),
            CheckConstraint(condition=Q(kind__in=NotificationKind.values), name="notification_kind_is_known"),
            CheckConstraint(condition=Q(mail__in=MailWish.values), name="notification_mail_is_known"),
        ]
        indexes = [
            # The list page: one person's newest.
            models.Index(fields=["user", "-created_at", "-id"], name="notification_user_newest"),
            # The bell on every page.
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
            # What is to be mailed now; a row leaves it when it was mailed or read.
            models.Index(
                fields=["mail_after"],
                condition=Q(read_at=None, mailed_at=None) & ~Q(mail="off"),
                name="notification_to_mail",
            ),
            # What is taken back together, when its occasion is deleted.
            models.Index(fields=["key"], name="notification_key"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_read(self) -> bool:
        return self.read_at is not None


class NotificationPreference(models.Model):
    """How a person wants to hear of one kind by e-mail. Without a row, DEFAULT_MAIL holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_preferences")
    kind = models.CharField(max_length=12, choices=NotificationKind)
    mail = models.CharField(max_length=5, choices=MailWish)

    class Meta:
        verbose_name, verbose_name_plural = _("notification preference"), _("notification preferences")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["user", "kind"], name="notificationpreference_unique"),
            CheckConstraint(condition=Q(kind__in=NotificationKind.values), name="notificationpreference_kind_is_known"),
            CheckConstraint(condition=Q(mail__in=MailWish.values), name="notificationpreference_mail_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}, {self.mail}"


class Announcement(models.Model):
    """Words of a teacher to everyone in a course, now or at a time."""

    course = models.ForeignKey("courses.Course", models.CASCADE, verbose_name=_("course"), related_name="announcements")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("author"), null=True, blank=True, related_name="+"
    )
    title = models.CharField(_("Title"), max_length=160)
    body = models.TextField(_("Text"), max_length=20_000)
    publish_at = models.DateTimeField(_("publish at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True, editable=False)
    sent_count = models.PositiveIntegerField(
        _("people told"), default=0, editable=False, help_text=_("How many people were told.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = querysets.AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("announcement"), _("announcements")
        ordering = ["-publish_at", "-pk"]
        indexes = [
            # A course's page and list of announcements, newest first.
            models.Index(fields=["course", "-publish_at", "-id"], name="announcement_course_newest"),
            # Which are due, asked several times a minute.
            models.Index(fields=["publish_at"], condition=Q(sent_at=None), name="announcement_unsent"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notifications:announcements", args=[self.course.slug]) + f"#announcement-{self.pk}"

    @property
    def is_sent(self) -> bool:
        return self.sent_at is not None
