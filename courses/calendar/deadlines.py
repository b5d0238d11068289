"""What is due, told by the features that know it.

    register("assignments", due)   # due(user, courses) -> [(datetime, title, url, block_id)]

A source tells what this person still has to do and still can, in a constant number of queries. The title and address
it gives are shown as they are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from courses.models import Block, Course

Due = Callable[..., list[tuple[datetime, str, str, int]]]

_sources: dict[str, Due] = {}


@dataclass(frozen=True)
class Deadline:
    at: datetime
    title: str
    url: str
    block_id: int
    course: Course
    source: str


def register(name: str, due: Due) -> None:
    _sources[name] = due


def deadlines(user, courses: Iterable[Course]) -> list[Deadline]:
    """Earliest first. One query beside those of the sources; none at all without courses."""
    by_id = {course.pk: course for course in courses}
    if not by_id:
        return []
    told = [(name, *row) for name, due in _sources.items() for row in due(user, list(by_id.values()))]
    if not told:
        return []
    # A part that was taken out of its lesson is due no more, whatever its source says.
    blocks = Block.objects.filter(pk__in={row[-1] for row in told}, lesson__module__course__in=by_id)
    course_of = dict(blocks.values_list("pk", "lesson__module__course_id"))
    found = [
        Deadline(at, str(title), url, block_id, by_id[course_of[block_id]], name)
        for name, at, title, url, block_id in told
        if block_id in course_of
    ]
    return sorted(found, key=lambda deadline: (deadline.at, deadline.block_id))
