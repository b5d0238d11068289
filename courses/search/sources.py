"""What can be searched. A feature adds itself:

register(Source("thread", "Discussions", threads_of, title="title", text="body", url=..., place=..., joins=(...)))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from courses.models import Block, Course, Lesson


@dataclass(frozen=True)
class Source:
    """`rows(user)` are those this person may see. `title` and `text` name the fields that are searched; a hit in the
    title counts for more. `url(row)` and `place(row)`, the words that say where it lies, may follow `joins` only."""

    kind: str
    label: str
    rows: Callable[[Any], QuerySet]
    title: str
    text: str
    url: Callable[[Model], str]
    place: Callable[[Model], str]
    joins: tuple[str, ...] = ()


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    _sources[source.kind] = source


def all_sources() -> list[Source]:
    return list(_sources.values())


register(
    Source(
        "course",
        "Courses",
        lambda user: Course.objects.visible_to(user),
        title="title",
        text="summary",
        url=lambda course: course.get_absolute_url(),
        place=lambda course: "",
    )
)
register(
    Source(
        "lesson",
        "Lessons",
        lambda user: Lesson.objects.visible_to(user),
        title="title",
        text="summary",
        url=lambda lesson: lesson.get_absolute_url(),
        place=lambda lesson: lesson.course.title,
        joins=("module__course",),
    )
)
register(
    Source(
        "block",
        "Passages",
        lambda user: Block.objects.visible_to(user),
        title="title",
        text="body",
        url=lambda block: f"{block.lesson.get_absolute_url()}#block-{block.pk}",
        place=lambda block: f"{block.lesson.course.title}, {block.lesson.title}",
        joins=("lesson__module__course",),
    )
)
