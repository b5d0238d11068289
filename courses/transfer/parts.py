"""What a course has beyond its tree of modules, lessons and blocks, and how it travels.

    transfer.register("pools", export=pools_of, build=build_pools)

`export(course, refs)` gives what JSON can say; `build(course, data, refs)` makes it again, once the tree is there.
`refs` names modules, lessons and blocks by their place ("1", "1.2", "1.2.3"), since ids do not travel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from courses.models import Course
from courses.transfer.fields import NotACourse


@dataclass
class Refs:
    _rows: dict[str, Model] = field(default_factory=dict)
    _names: dict[tuple[type, int], str] = field(default_factory=dict)

    def add(self, row: Model, *places: int) -> None:
        name = ".".join(map(str, places))
        self._rows[name], self._names[type(row), row.pk] = row, name

    def name(self, row: Model) -> str:
        return self._names[type(row), row.pk]

    def row(self, name: Any, model: type[Model]) -> Model:
        row = self._rows.get(name) if isinstance(name, str) else None
        if not isinstance(row, model):
            raise NotACourse(
                _("course.json names something that it does not have: %(kind)s “%(name)s”.")
                % {"kind": model._meta.verbose_name, "name": str(name)[:40]}
            )
        return row


@dataclass(frozen=True)
class Part:
    export: Callable[[Course, Refs], Any]
    build: Callable[[Course, Any, Refs], None]


parts: dict[str, Part] = {}


def register(name: str, *, export, build) -> None:
    parts[name] = Part(export, build)
