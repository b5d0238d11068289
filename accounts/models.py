from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("%(value)s is not a time zone we know, such as Europe/Berlin.", params={"value": value})


def display_name_of(user: "User") -> str:
    return str(user)


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email__iexact=email)

    def create_user(self, email: str, password: str | None = None, **extra) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra) -> "User":
        return self.create_user(email, password, **{**extra, "is_staff": True, "is_superuser": True})


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Administrators are superusers; instructors are staff and see the courses they teach."""

    email = models.EmailField(
        _("e-mail"), unique=True, error_messages={"unique": _("This e-mail already has an account.")}
    )
    display_name = models.CharField(
        _("display name"), max_length=80, blank=True, help_text=_("What other people here read as your name.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    locale = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("Empty: the language of the browser.")
    )
    is_staff = models.BooleanField(
        _("instructor"), default=False, help_text=_("May enter the administration and teach.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch this off instead of deleting an account.")
    )
    date_joined = models.DateTimeField(_("date joined"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name, verbose_name_plural = _("user"), _("users")
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_in_any_case",
                violation_error_message=_("This e-mail already has an account."),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email.partition("@")[0]

    @property
    def language(self) -> str:
        """What mails and messages to this person are written in, where there is no browser to ask."""
        return self.locale or settings.LANGUAGE_CODE

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


# Whoever looks at a page, with an account or without.
Visitor = User | AnonymousUser


class ApiToken(models.Model):
    """What a program of this person's shows instead of a password. Made and looked up in `tokens.py`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("API token"), _("API tokens")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Invitation(models.Model):
    """A mailed link by which somebody becomes an instructor: once, and for a week. Made in `invitations.py`."""

    email = models.EmailField(_("e-mail"))
    display_name = models.CharField(_("name"), max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, verbose_name=_("invited by"), null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"), editable=False)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("invitation"), _("invitations")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.expires_at > timezone.now()


from accounts.audit_models import AuditEntry, Pseudonym  # noqa: E402, F401
