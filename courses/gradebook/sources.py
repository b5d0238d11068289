"""Where marks come from. A source tells a course's items and what people got for them:

register("quizzes", items=items, scores=scores)   # see courses/grade_items.py
"""

from collections.abc import Callable
from dataclasses import dataclass

from courses.grade_items import GradeItem
from courses.models import Course

Scores = dict[tuple[str, int], float]  # (item's key, user's id) -> points; absent: nothing yet


@dataclass(frozen=True)
class Source:
    items: Callable[[Course], list[GradeItem]]
    scores: Callable[..., Scores]


_sources: dict[str, Source] = {}


def register(name: str, *, items: Callable[[Course], list[GradeItem]], scores: Callable[..., Scores]) -> None:
    _sources[name] = Source(items, scores)


def items_of(course: Course) -> list[GradeItem]:
    return [item for source in _sources.values() for item in source.items(course)]


def scores_of(course: Course, user_ids=None, items: list[GradeItem] | None = None) -> Scores:
    """`items` are the course's, where they are at hand."""
    items = items_of(course) if items is None else items
    scores: Scores = {}
    for source in _sources.values():
        scores |= source.scores(course, user_ids, items)
    return scores
