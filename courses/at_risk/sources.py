"""Where other apps add signs, so that courses need not know them.

    register("emotion", provider, links)   # provider(course, reader, user_ids) -> {user id: [Sign]}

A provider tells only what each of these students shares with whoever teaches them, and notes the look where it has to
be noted: what it tells is shown. `links`, asked the same, answers {user id: Link}: where more of what is shared is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from courses.at_risk.signs import Sign

Provider = Callable[..., dict[int, list[Sign]]]


@dataclass(frozen=True)
class Link:
    words: str
    url: str


Links = Callable[..., dict[int, Link]]

_providers: dict[str, Provider] = {}
_links: dict[str, Links] = {}


def register(name: str, provider: Provider, links: Links | None = None) -> None:
    _providers[name] = provider
    if links:
        _links[name] = links


def shared_signs(course, reader, user_ids: Collection[int]) -> dict[int, list[Sign]]:
    """By student, in a constant number of queries."""
    found: defaultdict[int, list[Sign]] = defaultdict(list)
    for provider in _providers.values():
        for user_id, signs in provider(course, reader, user_ids).items():
            found[user_id] += signs
    return found


def shared_links(course, reader, user_ids: Collection[int]) -> dict[int, list[Link]]:
    """By student, in a constant number of queries."""
    found: defaultdict[int, list[Link]] = defaultdict(list)
    for links in _links.values():
        for user_id, link in links(course, reader, user_ids).items():
            found[user_id].append(link)
    return found
