"""What can be searched. A feature adds itself:

register(Source("thread", "Discussions", threads_of, title="title", text="body", url=..., place=..., joins=(...)))
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Expression, Model, QuerySet
from django.utils.translation import gettext_lazy as _

from courses.models import Block, Course, Lesson


@dataclass(frozen=True)
class Source:
    """`rows(user)` are those this person may see. `title` and `text` name the fields that are searched; a hit in the
    title counts for more. `url(row)` and `place(row)`, the words that say where it lies, may follow `joins` only.
    `lesson` is the way to the lesson whose content a row is: while that lesson is closed to somebody, it is not found.
    `vector` is what PostgreSQL compares with the query;
    without one it reads the words of `title` and `text` each time."""

    kind: str
    label: str
    rows: Callable[[Any], QuerySet]
    title: str
    text: str
    url: Callable[[Model], str]
    place: Callable[[Model], str]
    joins: tuple[str, ...] = ()
    vector: Expression | None = None
    lesson: str = ""

    def rows_without(self, locked: Collection[int], user) -> QuerySet:
        rows = self.rows(user)
        return rows.exclude(**{f"{self.lesson}__in": locked}) if self.lesson and locked else rows


class StoredVector(Expression):
    """The words of a row, which PostgreSQL keeps beside it (migration 0009). Django knows nothing of this column."""

    output_field = SearchVectorField()
    alias = ""

    def resolve_expression(self, query=None, *args, **kwargs):
        resolved = super().resolve_expression(query, *args, **kwargs)
        # Inside a subquery it is resolved once more, for the query outside: whose row it is was settled before.
        resolved.alias = self.alias or query.get_initial_alias()
        return resolved

    def relabeled_clone(self, change_map):
        clone = self.copy()
        clone.alias = change_map.get(self.alias, self.alias)
        return clone

    def as_sql(self, compiler, connection):
        return f"{compiler.quote_name_unless_alias(self.alias)}.search_vector", []


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    _sources[source.kind] = source


def all_sources() -> list[Source]:
    return list(_sources.values())


register(
    Source(
        "course",
        _("Courses"),
        lambda user: Course.objects.visible_to(user),
        title="title",
        text="summary",
        vector=StoredVector(),
        url=lambda course: course.get_absolute_url(),
        place=lambda course: "",
    )
)
register(
    Source(
        "lesson",
        _("Lessons"),
        lambda user: Lesson.objects.visible_to(user),
        title="title",
        text="summary",
        vector=StoredVector(),
        url=lambda lesson: lesson.get_absolute_url(),
        place=lambda lesson: lesson.course.title,
        joins=("module__course",),
    )
)
register(
    Source(
        "block",
        _("Passages"),
        lambda user: Block.objects.visible_to(user),
        title="title",
        text="body",
        vector=StoredVector(),
        url=lambda block: f"{block.lesson.get_absolute_url()}#block-{block.pk}",
        place=lambda block: f"{block.lesson.course.title}, {block.lesson.title}",
        joins=("lesson__module__course",),
        lesson="lesson",
    )
)
