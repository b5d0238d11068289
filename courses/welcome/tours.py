"""Short guided walks over a page. A step points at an element; where that is not there, the step is left out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.panels import LessonPanel


@dataclass(frozen=True)
class Stop:
    at: str  # a CSS selector
    title: str | Promise
    words: str | Promise


@dataclass(frozen=True)
class Tour:
    name: str
    question: Promise
    stops: tuple[Stop, ...]


FIRST_LESSON = Tour(
    "first-lesson",
    _("Your first lesson: see in a minute what is where?"),
    (
        Stop(".lesson-head", _("The lesson"), _("Read at your own pace. Attune remembers the paragraph you left at.")),
        Stop(
            "#outline",
            _("The outline"),
            _("Every lesson of the course, with a ring for begun and a tick for done."),
        ),
        Stop(
            ".lesson-next",
            _("The next step"),
            _("At the end of the lesson, the filled button completes it and goes on."),
        ),
    ),
)

TEACHING = Tour(
    "teaching",
    _("New here? A tour of what you can do with a course takes two minutes."),
    (
        Stop(".course-head", _("Your course"), _("What students see, and above it the ways into writing and grading.")),
        Stop(
            ".course-actions",
            _("Edit, people, gradebook"),
            _("Write lessons in the browser, saved as you type; invite people; see and release grades."),
        ),
        Stop(
            "[aria-labelledby=announcements-title]",
            _("Announcements"),
            _("What you write here reaches everyone in the course, by mail too where they wish it."),
        ),
        Stop(
            "[aria-labelledby=climate-title]",
            _("How lessons land"),
            _("Where a class looked puzzled, bored or delighted, along the material; from five students up."),
        ),
        Stop(
            "[aria-labelledby=lessons]",
            _("Lessons"),
            _("Open one to see it as a student does. Nothing that you do there is recorded."),
        ),
    ),
)


def first_lesson(panels: Iterable[LessonPanel]) -> Tour:
    """The walk over a lesson, with what its panels say of themselves before the last stop."""
    *before, last = FIRST_LESSON.stops
    return replace(FIRST_LESSON, stops=(*before, *(Stop(*panel.tour) for panel in panels if panel.tour), last))
