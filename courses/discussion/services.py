"""Everything that writes in a discussion. Who may is asked by the views (see permissions.py)."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import User
from courses.models import (
    Block,
    Lesson,
    Moderation,
    Post,
    PostReport,
    PostVote,
    Revision,
    Thread,
    ThreadSubscription,
)
from courses.notifications.models import NotificationKind
from courses.notifications.services import notify, take_back
from courses.release.locks import require_open

POSTS_AT_MOST, WITHIN = 10, timedelta(minutes=10)
SAME_POST = timedelta(seconds=30)  # the same words again so soon are one press of the button that arrived twice


class TooManyPosts(ValueError):
    """The message says when to try again."""


class Closed(ValueError):
    """The thread was locked or taken away meanwhile."""


@transaction.atomic
def start_thread(
    *,
    user: User,
    lesson: Lesson,
    kind: str,
    title: str,
    body: str,
    block: Block | None = None,
    moderates: bool = False,
) -> Thread:
    """Raises Locked, TooManyPosts. The same words again within SAME_POST give back the first thread."""
    require_open(user=user, lesson=lesson)
    _take_turn(user)
    now = timezone.now()
    same_words = Thread.objects.filter(title=title, posts__is_opening=True, posts__body=body)
    if twin := same_words.filter(author=user, lesson=lesson, created_at__gt=now - SAME_POST).first():
        return twin
    if not moderates:
        _check_rate(user)
    thread = Thread.objects.create(
        lesson=lesson, block=block, author=user, kind=kind, title=title, created_at=now, last_post_at=now
    )
    Post.objects.create(thread=thread, author=user, is_opening=True, body=body, created_at=now)
    ThreadSubscription.objects.create(user=user, thread=thread)
    return thread


@transaction.atomic
def reply(*, user: User, thread: Thread, body: str, moderates: bool = False) -> Post:
    """Raises Locked where the lesson is not open, TooManyPosts, and Closed when the thread was locked since the page
    was loaded. Tells its followers."""
    require_open(user=user, lesson=thread.lesson)
    _take_turn(user)
    now = timezone.now()
    twin = thread.posts.filter(author=user, body=body, is_opening=False, created_at__gt=now - SAME_POST).first()
    if twin:
        return twin
    if not moderates:  # a teacher goes through a queue of questions
        _check_rate(user)
    open_threads = Thread.objects.filter(pk=thread.pk) if moderates else Thread.objects.filter(is_locked=False)
    if not open_threads.filter(pk=thread.pk).update(last_post_at=now):
        raise Closed(_("This discussion was closed meanwhile."))
    post = Post.objects.create(thread=thread, author=user, body=body, created_at=now)
    ThreadSubscription.objects.get_or_create(user=user, thread=thread)
    _tell_followers(post)
    return post


def _take_turn(user: User) -> None:
    # Serialises one person's posts, so that neither the limit nor the check for a double press is passed by a race.
    User.objects.select_for_update().get(pk=user.pk)


def _check_rate(user: User) -> None:
    now = timezone.now()
    recent = Post.objects.filter(author=user, created_at__gt=now - WITHIN).order_by("-created_at")
    times = list(recent.values_list("created_at", flat=True)[:POSTS_AT_MOST])
    if len(times) < POSTS_AT_MOST:
        return
    minutes = max(1, -(-(times[-1] + WITHIN - now) // timedelta(minutes=1)))
    words = ngettext(
        "You wrote %(most)d posts within ten minutes, which is the most here. In %(minutes)d minute there is room "
        "again; your words are kept below until then.",
        "You wrote %(most)d posts within ten minutes, which is the most here. In %(minutes)d minutes there is room "
        "again; your words are kept below until then.",
        minutes,
    )
    raise TooManyPosts(words % {"most": POSTS_AT_MOST, "minutes": minutes})


def reply_key(post: Post) -> str:
    return f"reply:{post.pk}"


def accepted_key(post: Post) -> str:
    return f"accepted:{post.pk}"


def _tell_followers(post: Post) -> None:
    thread = post.thread
    followers = User.objects.filter(
        thread_subscriptions__thread=thread, thread_subscriptions__is_on=True, is_active=True
    ).exclude(pk=post.author_id)
    # Whoever left the course, or can no longer see the thread, is not told of it.
    by_locale: dict[str, list[User]] = {}
    for user in followers.filter(pk__in=_readers(thread)):
        by_locale.setdefault(user.language, []).append(user)
    for locale, users in by_locale.items():
        with override(locale):
            notify(
                users=users,
                kind=NotificationKind.REPLY,
                key=reply_key(post),
                title=_("New reply in “%(title)s”") % {"title": thread.shown_title},
                url=post.get_absolute_url(),
                course=thread.course,
            )


def _readers(thread: Thread) -> QuerySet[Any]:
    """Their `user_id`."""
    active = thread.course.enrollments.active()
    if thread.is_hidden or thread.lesson.status != Lesson.Status.PUBLISHED:
        active = active.filter(role__in=("instructor", "assistant"))
    return active.values("user_id")


@transaction.atomic
def edit_post(*, post: Post, body: str, title: str = "") -> Post:
    """What it said before is kept as a revision. The same words again change nothing."""
    post = Post.objects.select_for_update().select_related("thread").get(pk=post.pk)
    if post.deleted_at:
        raise Closed(_("This post was deleted meanwhile."))
    new_title = title if post.is_opening and title else post.thread.title
    if (body, new_title) == (post.body, post.thread.title):
        return post
    Revision.objects.create(post=post, title=post.thread.title if post.is_opening else "", body=post.body)
    post.body, post.edited_at = body, timezone.now()
    post.save(update_fields=["body", "edited_at"])
    if new_title != post.thread.title:
        Thread.objects.filter(pk=post.thread_id).update(title=new_title)
    return post


@transaction.atomic
def delete_post(*, post: Post) -> bool:
    """Its words go. Its place stays when others wrote after it; else it goes too. True when the whole thread went."""
    thread = Thread.objects.select_for_update().get(pk=post.thread_id)
    # Locked, so that no reply arrives between the look and the deletion.
    later = thread.posts.filter(deleted_at=None).exclude(pk=post.pk)
    if not post.is_opening:
        later = later.filter(pk__gt=post.pk)
    if not later.exists():
        if post.is_opening:
            _take_back(list(thread.posts.all()))
            thread.delete()
            return True
        _take_back([post])
        post.delete()
        return False
    _blank(post, thread)
    return False


def _blank(post: Post, thread: Thread) -> None:
    now = timezone.now()
    post.revisions.all().delete()
    resolve_reports(post=post)
    Post.objects.filter(pk=post.pk).update(body="", deleted_at=now, endorsed_by=None, endorsed_at=None)
    if post.is_opening:
        Thread.objects.filter(pk=thread.pk).update(title="", deleted_at=now)
        # Its title stands in what others were told.
        _take_back(list(thread.posts.all()))
    else:
        Thread.objects.filter(pk=thread.pk, accepted=post.pk).update(accepted=None)
        _take_back([post])


def _take_back(posts: list[Post]) -> None:
    take_back(keys=[key(post) for post in posts for key in (reply_key, accepted_key)])


@transaction.atomic
def accept_answer(*, post: Post, user: User, accepted: bool = True) -> None:
    """At most one a thread; another one takes its place. Its author is told once."""
    if not accepted:
        Thread.objects.filter(pk=post.thread_id, accepted=post.pk).update(accepted=None)
        return
    Thread.objects.filter(pk=post.thread_id).update(accepted=post.pk)
    if post.author is None or post.author_id == user.pk:
        return
    with override(post.author.language):
        notify(
            users=[post.author],
            kind=NotificationKind.ACCEPTED,
            key=accepted_key(post),
            title=_("Your answer to “%(title)s” was accepted") % {"title": post.thread.shown_title},
            url=post.get_absolute_url(),
            course=post.course,
        )


def endorse_post(*, post: Post, user: User, endorsed: bool = True) -> None:
    """The first endorsement stays."""
    rows = Post.objects.filter(pk=post.pk)
    if endorsed:
        rows.filter(endorsed_at=None).update(endorsed_by=user, endorsed_at=timezone.now())
    else:
        rows.update(endorsed_by=None, endorsed_at=None)


def vote(*, post: Post, user: User, helpful: bool = True) -> None:
    if helpful:
        PostVote.objects.bulk_create([PostVote(post=post, user=user)], ignore_conflicts=True)
    else:
        PostVote.objects.filter(post=post, user=user).delete()


def report_post(*, post: Post, user: User, reason: str) -> bool:
    """Once a person and post. False if they had reported it already."""
    _report, created = PostReport.objects.get_or_create(post=post, user=user, defaults={"reason": reason})
    return created


@transaction.atomic
def hide_post(*, post: Post, moderator: User, reason: str) -> None:
    """Out of sight for all but the teaching team and its author; the opening post takes its thread along."""
    Post.objects.filter(pk=post.pk).update(hidden_at=timezone.now(), hidden_reason=reason)
    if post.is_opening:
        Thread.objects.filter(pk=post.thread_id).update(is_hidden=True)
        _take_back(list(post.thread.posts.all()))
    else:
        _take_back([post])
        Thread.objects.filter(pk=post.thread_id, accepted=post.pk).update(accepted=None)
    resolve_reports(post=post)
    Moderation.objects.create(thread_id=post.thread_id, post=post, moderator=moderator, action="hide", reason=reason)


@transaction.atomic
def show_post(*, post: Post, moderator: User) -> None:
    Post.objects.filter(pk=post.pk).update(hidden_at=None, hidden_reason="")
    if post.is_opening:
        Thread.objects.filter(pk=post.thread_id).update(is_hidden=False)
    resolve_reports(post=post)
    Moderation.objects.create(thread_id=post.thread_id, post=post, moderator=moderator, action="show")


def resolve_reports(*, post: Post) -> int:
    return PostReport.objects.open().filter(post=post).update(resolved_at=timezone.now())


THREAD_ACTIONS = {
    "pin": {"is_pinned": True},
    "unpin": {"is_pinned": False},
    "lock": {"is_locked": True},
    "unlock": {"is_locked": False},
}


@transaction.atomic
def moderate_thread(*, thread: Thread, moderator: User, action: str, reason: str = "") -> None:
    """`action` is one of THREAD_ACTIONS."""
    Thread.objects.filter(pk=thread.pk).update(**THREAD_ACTIONS[action])
    Moderation.objects.create(thread=thread, moderator=moderator, action=action, reason=reason)


def subscribe(*, thread: Thread, user: User, is_on: bool) -> None:
    ThreadSubscription.objects.update_or_create(thread=thread, user=user, defaults={"is_on": is_on})
