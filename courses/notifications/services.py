"""Telling people. Each call may be repeated: nobody hears of the same occasion twice."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from courses import broadcast
from courses.models import Course
from courses.notifications import tasks
from courses.notifications.models import (
    DEFAULT_MAIL,
    Announcement,
    MailWish,
    Notification,
    NotificationKind,
    NotificationPreference,
)

DIGEST_AT = time(7)
BATCH = 1000


def notify(
    *,
    users: Iterable[User],
    kind: str,
    key: str,
    title: str,
    url: str,
    course: Course | None = None,
    text: str = "",
) -> int:
    """Tell each of `users` once; `key` names the occasion. Answers how many there were to tell.

    `title` is in the language of whoever calls; `url` is a path of this site, `text` Markdown for the e-mail.
    Runs in the caller's transaction; pages and mail follow when it is committed.
    """
    now = timezone.now()
    people = [user for user in users if user.is_active]
    wishes = dict(
        NotificationPreference.objects.filter(user__in=people, kind=kind).values_list("user_id", "mail")
        if len(people) < BATCH
        else NotificationPreference.objects.filter(kind=kind).values_list("user_id", "mail")
    )
    rows = [
        Notification(
            user=user,
            kind=kind,
            course=course,
            title=title[:240],
            text=text,
            url=url,
            key=key,
            created_at=now,
            mail=(wish := wishes.get(user.pk, DEFAULT_MAIL[NotificationKind(kind)])),
            mail_after=mail_time(user, wish, now),
        )
        for user in people
    ]
    Notification.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    ids = [user.pk for user in people]
    transaction.on_commit(lambda: push_unread(ids))
    if any(row.mail == MailWish.EACH for row in rows):
        transaction.on_commit(tasks.send_soon)
    return len(rows)


def mail_time(user: User, wish: str, now: datetime) -> datetime:
    """When the mail may go: now, or at the next 07:00 where the person lives."""
    if wish != MailWish.DAILY:
        return now
    here = now.astimezone(user.tzinfo)
    digest = datetime.combine(here.date(), DIGEST_AT, tzinfo=user.tzinfo)
    if digest <= here:
        digest = datetime.combine(here.date() + timedelta(days=1), DIGEST_AT, tzinfo=user.tzinfo)
    return digest


def push_unread(user_ids: list[int]) -> None:
    """Tell every open page of these people how many are unread. One query for a thousand of them."""
    for start in range(0, len(user_ids), BATCH):
        some = user_ids[start : start + BATCH]
        counts = Notification.objects.unread().filter(user__in=some).order_by().values_list("user")
        unread = dict(counts.annotate(number=Count("pk")))
        broadcast.send_to_groups(
            {group_of(pk): [{"type": "notifications.unread", "unread": unread.get(pk, 0)}] for pk in some}
        )


def group_of(user_id: int) -> str:
    return f"notifications.{user_id}"


def mark_read(*, user: User, pks: Iterable[int] | None = None) -> int:
    """Mark these of the person's notifications as read, or all of them."""
    rows = Notification.objects.visible_to(user).unread()
    if pks is not None:
        rows = rows.filter(pk__in=pks)
    count = rows.update(read_at=timezone.now())
    if count:
        transaction.on_commit(lambda: push_unread([user.pk]))
    return count


def take_back(*, keys: Iterable[str]) -> int:
    """Remove what people were told of an occasion that is no more."""
    rows = Notification.objects.filter(key__in=list(keys))
    ids = list(rows.order_by().values_list("user_id", flat=True).distinct())
    count = rows.delete()[0]
    if ids:
        transaction.on_commit(lambda: push_unread(ids))
    return count


@transaction.atomic
def set_preference(*, user: User, kind: str, mail: str) -> None:
    """From now on, and for what still waits to be mailed."""
    NotificationPreference.objects.update_or_create(user=user, kind=kind, defaults={"mail": mail})
    waiting = Notification.objects.visible_to(user).filter(kind=kind, mailed_at=None, read_at=None).exclude(mail=mail)
    # What was never meant for mail stays so: nobody wants last month's talk in their inbox today.
    waiting.exclude(mail=MailWish.OFF).update(mail=mail, mail_after=mail_time(user, mail, timezone.now()))


def preferences_of(user: User) -> dict[str, str]:
    """{kind: wish} with the defaults filled in, in the order of the kinds."""
    chosen = dict(NotificationPreference.objects.filter(user=user).values_list("kind", "mail"))
    return {kind: chosen.get(kind, DEFAULT_MAIL[kind].value) for kind in NotificationKind}


def unsubscribe(*, user: User, kind: str) -> list[str]:
    """No more mail of this kind; for "daily", of every kind that came in the digest. Answers which kinds."""
    wishes = preferences_of(user)
    kinds = [k for k, wish in wishes.items() if wish == MailWish.DAILY] if kind == MailWish.DAILY else [kind]
    for each in kinds:
        set_preference(user=user, kind=each, mail=MailWish.OFF)
    return kinds


@transaction.atomic
def send_announcement(*, announcement: Announcement) -> bool:
    """Tell the course, once, when its time has come. False when it is too early or somebody else did."""
    now = timezone.now()
    # Of two at once, one changes the row; if telling fails, the change goes with it and the next run tries again.
    if not Announcement.objects.filter(pk=announcement.pk, sent_at=None, publish_at__lte=now).update(sent_at=now):
        return False
    announcement.refresh_from_db()
    people = User.objects.filter(
        is_active=True, enrollments__course=announcement.course_id, enrollments__status="active"
    ).exclude(pk=announcement.author_id)
    announcement.sent_count = notify(
        users=people,
        kind=NotificationKind.ANNOUNCEMENT,
        key=f"announcement:{announcement.pk}",
        title=announcement.title,
        text=announcement.body,
        url=announcement.get_absolute_url(),
        course=announcement.course,
    )
    announcement.save(update_fields=["sent_count"])
    return True


def send_due_announcements() -> int:
    due = Announcement.objects.filter(sent_at=None, publish_at__lte=timezone.now()).select_related("course")
    return sum(send_announcement(announcement=announcement) for announcement in due)


@transaction.atomic
def delete_announcement(*, announcement: Announcement) -> None:
    take_back(keys=[f"announcement:{announcement.pk}"])
    announcement.delete()


def notify_marks_released(
    assignment_title: str, course: Course, url: str, user_ids: Iterable[int], occasion: str = ""
) -> int:
    """One notification for each student whose marks were released. A second release of the same assignment tells only
    those who were not told, unless `occasion` (such as an attempt's number) says that it is another one."""
    return notify_in_their_language(
        user_ids,
        lambda: _("Your marks for “%(title)s” are there") % {"title": assignment_title},
        kind=NotificationKind.MARKS,
        key=f"marks:{course.pk}:{url}:{occasion}"[:120],
        url=url,
        course=course,
    )


def notify_deadline(title: str, course: Course, url: str, user_ids: Iterable[int], due_at: datetime) -> int:
    """Something is due soon. A deadline that moves is another occasion."""
    return notify_in_their_language(
        user_ids,
        lambda: _("“%(title)s” is due soon") % {"title": title},
        kind=NotificationKind.DEADLINE,
        key=f"deadline:{url}:{due_at.timestamp():.0f}"[:120],
        url=url,
        course=course,
    )


def notify_enrolled(course: Course, user_ids: Iterable[int], occasion: str = "") -> int:
    """Somebody else enrolled them, or let them in."""
    return notify_in_their_language(
        user_ids,
        lambda: _("You are enrolled in “%(course)s”") % {"course": course.title},
        kind=NotificationKind.ENROLMENT,
        key=f"enrolment:{course.pk}:{occasion}"[:120],
        url=course.get_absolute_url(),
        course=course,
    )


def notify_declined(course: Course, user_ids: Iterable[int], occasion: str = "") -> int:
    """A request to join was declined."""
    return notify_in_their_language(
        user_ids,
        lambda: _("Your request to join “%(course)s” was declined") % {"course": course.title},
        kind=NotificationKind.ENROLMENT,
        key=f"declined:{course.pk}:{occasion}"[:120],
        url=course.get_absolute_url(),
        course=course,
    )


def prune_notifications(*, read_before: datetime, told_before: datetime, batch_size: int = BATCH) -> int:
    """Delete what was read, and what nobody read for much longer; a batch at a time. Returns how many."""
    old = Notification.objects.filter(Q(read_at__lt=read_before) | Q(created_at__lt=told_before)).order_by()
    total = 0
    while ids := list(old.values_list("pk", flat=True)[:batch_size]):
        total += Notification.objects.filter(pk__in=ids).delete()[0]
    return total


def notify_in_their_language(user_ids: Iterable[int], title: Callable[[], str], **fields: Any) -> int:
    """`notify`, with `title` asked for once in each of their languages."""
    by_locale: dict[str, list[User]] = {}
    for user in User.objects.filter(pk__in=list(user_ids)):
        by_locale.setdefault(user.language, []).append(user)
    told = 0
    for locale, users in by_locale.items():
        with override(locale):
            told += notify(users=users, title=title(), **fields)
    return told
