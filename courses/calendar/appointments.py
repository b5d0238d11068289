"""When people meet, told by the features that know it.

    register("talks", appointments)   # appointments(user, courses) -> [Appointment], in one query

The titles are for the person they are made for. A calendar elsewhere is told the `kind` only: who meets whom is no
other service's to know.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from courses.models import Course


@dataclass(frozen=True)
class Appointment:
    at: datetime
    kind: str
    title: str
    url: str
    key: str  # by which other calendars know it again
    course: Course


Source = Callable[..., list[Appointment]]

_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    _sources[name] = source


def appointments(user, courses: Iterable[Course]) -> list[Appointment]:
    """Earliest first; no query without courses."""
    courses = list(courses)
    found = [each for source in _sources.values() for each in source(user, courses)] if courses else []
    return sorted(found, key=lambda each: (each.at, each.key))
