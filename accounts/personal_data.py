"""Each app registers how a person's data in it is exported and erased, so no app needs to know the others."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User

Export = Callable[[User], dict | list]
Erase = Callable[[User], int]


@dataclass(frozen=True)
class Source:
    export: Export
    erase: Erase


_sources: dict[str, Source] = {}


def register(name: str, *, export: Export, erase: Erase) -> None:
    """`export(user)` answers something JSON can hold; `erase(user)` answers how many rows it removed."""
    if name in _sources:
        raise ValueError(f"Personal data named {name!r} is registered twice.")
    _sources[name] = Source(export, erase)


def export_all(user: User) -> dict[str, dict | list]:
    return {name: source.export(user) for name, source in _sources.items()}


def erase_all(user: User) -> dict[str, int]:
    """All of it or none of it. Later registered apps go first: their rows point at those of earlier ones."""
    with transaction.atomic():
        return {name: source.erase(user) for name, source in reversed(_sources.items())}
