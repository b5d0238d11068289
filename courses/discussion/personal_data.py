"""What somebody wrote in discussions: theirs to take along and to erase."""

from django.db import transaction

from courses.discussion import services
from courses.models import Moderation, Post, PostReport, PostVote, Revision, Thread, ThreadSubscription


def export_discussion(user) -> dict:
    posts = Post.objects.filter(author=user).select_related("thread__lesson").prefetch_related("revisions")
    return {
        "posts": [
            {
                "lesson": post.thread.lesson.title,
                "thread": post.thread.title,
                "body": post.body,
                "written_at": post.created_at.isoformat(),
                "edited_at": post.edited_at and post.edited_at.isoformat(),
                "deleted_at": post.deleted_at and post.deleted_at.isoformat(),
                "hidden_because": post.hidden_reason,
                "earlier": [
                    {"title": r.title, "body": r.body, "replaced_at": r.replaced_at.isoformat()}
                    for r in post.revisions.all()
                ],
            }
            for post in posts
        ],
        "found_helpful": list(PostVote.objects.filter(user=user).values_list("post_id", flat=True)),
        "reported": [
            {"post": r.post_id, "reason": r.reason, "at": r.created_at.isoformat()}
            for r in PostReport.objects.filter(user=user)
        ],
        "followed": [
            {"thread": s.thread.title, "on": s.is_on}
            for s in ThreadSubscription.objects.filter(user=user).select_related("thread")
        ],
    }


@transaction.atomic
def erase_discussion(user) -> int:
    """Words go; where others answered, an "Erased account" without words keeps the place, and points to nobody."""
    removed = 0
    # The last first: so a chain of one's own posts goes as a whole.
    for post in Post.objects.filter(author=user).select_related("thread").order_by("-created_at", "-pk"):
        removed += 1
        if Post.objects.filter(pk=post.pk).exists():  # its thread may have gone with an earlier one
            services.delete_post(post=post)
    Revision.objects.filter(post__author=user).delete()
    Post.objects.filter(author=user).update(author=None)
    Post.objects.filter(endorsed_by=user).update(endorsed_by=None)
    Moderation.objects.filter(moderator=user).update(moderator=None)
    Thread.objects.filter(author=user).update(author=None)
    for model in (PostVote, PostReport, ThreadSubscription):
        removed += model.objects.filter(user=user).delete()[0]
    return removed
