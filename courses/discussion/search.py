"""Discussions among what can be searched: their titles, and the words they begin with."""

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Func, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from courses.discussion.models import Post, Thread
from courses.discussion.selectors import searchable
from courses.search.sources import Source, StoredVector, register


def threads_of(user):
    return searchable(user).annotate(opening=Subquery(_openings().values("body")[:1]))


def _openings():
    return Post.objects.filter(thread=OuterRef("pk"), is_opening=True, deleted_at=None, hidden_at=None)


def place_of(thread: Thread) -> str:
    return f"{thread.lesson.course.title}, {thread.lesson.title}"


register(
    Source(
        "thread",
        _("Discussions"),
        threads_of,
        title="title",
        text="opening",
        url=lambda thread: thread.get_absolute_url(),
        place=place_of,
        joins=("lesson__module__course",),
        lesson="lesson",
        vector=Func(
            StoredVector(),
            Coalesce(Subquery(_openings().annotate(vector=StoredVector()).values("vector")[:1]), Value("")),
            template="(%(expressions)s)",
            arg_joiner=" || ",
            output_field=SearchVectorField(),
        ),
    )
)
