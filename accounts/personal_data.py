"""Each app registers how a person's data in it is exported and erased, so no app needs to know the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction

from accounts import audit
from accounts.models import User

Export = Callable[[User], dict | list]
Erase = Callable[[User], int]
Files = Callable[[User], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class Source:
    export: Export
    erase: Erase
    by_itself: str = ""
    files: Files | None = None


_sources: dict[str, Source] = {}


def register(name: str, *, export: Export, erase: Erase, by_itself: str = "", files: Files | None = None) -> None:
    """`export(user)` answers something JSON can hold; `erase(user)` answers how many rows it removed.

    What can be erased without the rest has a name for people in `by_itself`. `files(user)` answers what the download
    holds beside the data itself, as (name, text).
    """
    if name in _sources:
        raise ValueError(f"Personal data named {name!r} is registered twice.")
    _sources[name] = Source(export, erase, by_itself, files)


def parts() -> dict[str, str]:
    """{name: what people call it} of what can be erased without the account."""
    return {name: source.by_itself for name, source in _sources.items() if source.by_itself}


def erase_part(user: User, name: str) -> int:
    """How many rows went. Raises KeyError for what isn't erased by itself."""
    if name not in parts():
        raise KeyError(name)
    with transaction.atomic():
        return _sources[name].erase(user)


def export_all(user: User) -> dict[str, dict | list]:
    return {name: source.export(user) for name, source in _sources.items()}


def files_of(user: User) -> Iterator[tuple[str, str]]:
    for source in _sources.values():
        if source.files:
            yield from source.files(user)


def erase_all(user: User, *, by: User | None = None) -> dict[str, int]:
    """All of it or none of it, by the person themself unless somebody else did it. Later registered apps go first:
    their rows point at those of earlier ones."""
    with transaction.atomic():
        if User.objects.filter(pk=user.pk).exists():
            audit.record(action=audit.Action.ACCOUNT_ERASED, actor=by or user, subject=user)
        return {name: source.erase(user) for name, source in reversed(_sources.items())}
