"""Where other apps add signs, so that courses need not know them.

    register("emotion", provider)   # provider(course, reader, user_ids) -> {user id: [Sign]}

A provider tells only what each of these students shares with whoever teaches them, and notes the look where it has to
be noted: what it tells is shown.
"""

from collections import defaultdict
from collections.abc import Callable, Collection

from courses.at_risk.signs import Sign

Provider = Callable[..., dict[int, list[Sign]]]

_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    _providers[name] = provider


def shared_signs(course, reader, user_ids: Collection[int]) -> dict[int, list[Sign]]:
    """By student, in a constant number of queries."""
    found: defaultdict[int, list[Sign]] = defaultdict(list)
    for provider in _providers.values():
        for user_id, signs in provider(course, reader, user_ids).items():
            found[user_id] += signs
    return found
