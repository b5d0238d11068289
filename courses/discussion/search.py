"""Discussions among what can be searched: their titles, and the words they begin with."""

from django.db.models import OuterRef, Subquery

from courses.discussion.models import Post, Thread
from courses.discussion.selectors import searchable
from courses.search.sources import Source, register


def threads_of(user):
    opening = Post.objects.filter(thread=OuterRef("pk"), is_opening=True, deleted_at=None, hidden_at=None)
    return searchable(user).annotate(opening=Subquery(opening.values("body")[:1]))


def place_of(thread: Thread) -> str:
    return f"{thread.lesson.course.title}, {thread.lesson.title}"


register(
    Source(
        "thread",
        "Discussions",
        threads_of,
        title="title",
        text="opening",
        url=lambda thread: thread.get_absolute_url(),
        place=place_of,
        joins=("lesson__module__course",),
    )
)
