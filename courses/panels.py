"""Where other apps put a panel into a page of this one, so that courses need not know them.

    register_lesson_panel("emotion", provider)   # provider(request, lesson) -> LessonPanel | None

A provider that has nothing to show for this person answers None.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest


@dataclass(frozen=True)
class LessonPanel:
    """`template` is rendered with `context` and the request; `scripts` are static paths of ES modules. `tour` is what
    the guided walk says of it: a CSS selector, a title and words."""

    template: str
    context: dict = field(default_factory=dict)
    order: int = 100
    scripts: tuple[str, ...] = ()
    tour: tuple[str, str, str] | None = None


Provider = Callable[..., LessonPanel | None]

_lesson: dict[str, Provider] = {}
_home: dict[str, Provider] = {}
_course: dict[str, Provider] = {}
_teaching: dict[str, Provider] = {}


def register_lesson_panel(name: str, provider: Provider) -> None:
    """A panel in the lesson page's right column: provider(request, lesson)."""
    _lesson[name] = provider


def register_home_panel(name: str, provider: Provider) -> None:
    """A panel below the courses on the home page: provider(request)."""
    _home[name] = provider


def register_course_panel(name: str, provider: Provider) -> None:
    """A panel on a course's page: provider(request, course)."""
    _course[name] = provider


def register_teaching_panel(name: str, provider: Provider) -> None:
    """A panel on the page of those who teach a course: provider(request, course)."""
    _teaching[name] = provider


def lesson_panels(request: HttpRequest, lesson) -> list[LessonPanel]:
    return _collect(_lesson, request, lesson)


def home_panels(request: HttpRequest) -> list[LessonPanel]:
    return _collect(_home, request)


def course_panels(request: HttpRequest, course) -> list[LessonPanel]:
    return _collect(_course, request, course)


def teaching_panels(request: HttpRequest, course) -> list[LessonPanel]:
    return _collect(_teaching, request, course)


def scripts_of(panels: list[LessonPanel]) -> list[str]:
    """Each script once, in the order of the panels."""
    return list(dict.fromkeys(script for panel in panels for script in panel.scripts))


def _collect(providers: dict[str, Provider], *args) -> list[LessonPanel]:
    panels = [panel for provider in providers.values() if (panel := provider(*args)) is not None]
    return sorted(panels, key=lambda panel: panel.order)
