from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.discussion import querysets

LONGEST_BODY = 20_000


class ThreadKind(models.TextChoices):
    QUESTION = "question", _("Question")
    COMMENT = "comment", _("Comment")


class Thread(models.Model):
    """A question or comment about a lesson. Its words are its opening post's; a deleted one has none left."""

    Kind = ThreadKind

    lesson = models.ForeignKey("courses.Lesson", models.CASCADE, verbose_name=_("lesson"), related_name="threads")
    block = models.ForeignKey(
        "courses.Block", models.SET_NULL, verbose_name=_("block"), null=True, blank=True, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("author"),
        null=True,
        blank=True,
        related_name="threads",
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.QUESTION)
    title = models.CharField(_("title"), max_length=160, blank=True)
    accepted = models.ForeignKey("courses.Post", models.SET_NULL, null=True, blank=True, related_name="+")
    is_pinned = models.BooleanField(_("pinned"), default=False)
    is_locked = models.BooleanField(_("locked"), default=False)
    is_hidden = models.BooleanField(_("hidden"), default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    last_post_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.ThreadQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("thread"), _("threads")
        ordering = ["-is_pinned", "-last_post_at", "-pk"]
        constraints = [CheckConstraint(condition=Q(kind__in=ThreadKind.values), name="thread_kind_is_known")]
        indexes = [
            # A lesson's discussion and its panel: pinned first, then the newest.
            models.Index(fields=["lesson", "-is_pinned", "-last_post_at"], name="thread_lesson_newest"),
            # A person's own, and the erasure of them.
            models.Index(fields=["author", "-last_post_at"], name="thread_author_newest"),
        ]

    def __str__(self) -> str:
        return self.shown_title

    def get_absolute_url(self) -> str:
        return reverse("discussion:thread", args=[self.pk])

    @property
    def shown_title(self) -> str:
        return self.title or gettext("Deleted")

    @property
    def course(self):
        return self.lesson.module.course


class Post(models.Model):
    """The opening words of a thread, or a reply. Deleted with replies after it, it keeps its place and nothing else."""

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="posts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="posts")
    is_opening = models.BooleanField(default=False)
    body = models.TextField(blank=True, max_length=LONGEST_BODY)
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    endorsed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    endorsed_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=240, blank=True)

    objects = querysets.PostQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("post"), _("posts")
        ordering = ["created_at", "pk"]
        constraints = [
            UniqueConstraint(fields=["thread"], condition=Q(is_opening=True), name="post_one_opening_a_thread"),
            CheckConstraint(condition=Q(deleted_at=None) | Q(body=""), name="post_deleted_has_no_body"),
        ]
        indexes = [
            # A thread's page, in order.
            models.Index(fields=["thread", "created_at"], name="post_thread_order"),
            # How much a person wrote lately.
            models.Index(fields=["author", "-created_at"], name="post_author_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.author or gettext('Erased account')}: {self.body[:60]}"

    def get_absolute_url(self) -> str:
        return reverse("discussion:post", args=[self.pk])

    @property
    def course(self):
        return self.thread.course

    @property
    def is_live(self) -> bool:
        return self.deleted_at is None and self.hidden_at is None


class Revision(models.Model):
    """What a post said before an edit."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="revisions")
    title = models.CharField(max_length=160, blank=True)
    body = models.TextField()
    replaced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("revision"), _("revisions")
        ordering = ["-replaced_at", "-pk"]

    def __str__(self) -> str:
        return self.body[:60]


class PostVote(models.Model):
    """“Helpful”."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="post_votes")
    post = models.ForeignKey(Post, models.CASCADE, related_name="votes")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("post vote"), _("post votes")
        constraints = [UniqueConstraint(fields=["user", "post"], name="postvote_unique_user_for_post")]

    def __str__(self) -> str:
        return f"{self.user}: {self.post_id}"


class PostReport(models.Model):
    """Somebody asks the teaching team to look at a post."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="post_reports")
    post = models.ForeignKey(Post, models.CASCADE, related_name="reports")
    reason = models.CharField(max_length=240)
    created_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.ReportQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("post report"), _("post reports")
        ordering = ["created_at", "pk"]
        constraints = [UniqueConstraint(fields=["user", "post"], name="postreport_unique_user_for_post")]
        indexes = [
            # The queue of reports, oldest first.
            models.Index(fields=["created_at"], condition=Q(resolved_at=None), name="postreport_open"),
        ]

    def __str__(self) -> str:
        return self.reason


class ThreadSubscription(models.Model):
    """Who hears of replies. Kept when switched off, so that one's next reply doesn't switch it on again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="thread_subscriptions")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="subscriptions")
    is_on = models.BooleanField(default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("thread subscription"), _("thread subscriptions")
        constraints = [UniqueConstraint(fields=["user", "thread"], name="threadsubscription_unique")]

    def __str__(self) -> str:
        return f"{self.user}: {self.thread}"


class Moderation(models.Model):
    """Who did what to a thread or post, and why."""

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="moderations")
    post = models.ForeignKey(Post, models.CASCADE, null=True, blank=True, related_name="moderations")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=10)
    reason = models.CharField(max_length=240, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("moderation"), _("moderations")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action}: {self.reason}"
