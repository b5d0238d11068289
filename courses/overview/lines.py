"""Where other apps add a line to a course's weekly summary, so that courses need not know them.

    register("emotion", provider)   # provider(course) -> Line | None, in the active language

A provider tells of a class as a whole and of nobody in it, and answers None where it has nothing that it may tell.
"""

from collections.abc import Callable
from dataclasses import dataclass

from courses.models import Course


@dataclass(frozen=True)
class Line:
    """A title, what there is to say, and the path of the page that has it at length."""

    title: str
    words: str
    url: str


Provider = Callable[[Course], Line | None]

_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    _providers[name] = provider


def added_lines(course: Course) -> list[Line]:
    return [line for provider in _providers.values() if (line := provider(course)) is not None]
