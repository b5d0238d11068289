"""How often a rule of support would have fired, from sums of ten seconds. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

from emotion.core.support import Occasion, quiet_until

WINDOW = 10.0
# One student's sum in which a state was seen: (Unix time of its minute, block, tens of seconds into it, windows).
Seen = tuple[float, int, int, int]


def rehearse(seen: Iterable[Seen], *, lasting_seconds: float, cooldown_seconds: float) -> list[float]:
    """When a rule alone would have been due for one student, by the minute: the state lasted over places next to each
    other, the cooldown was over, and it was not too soon after an offer before. How sure the state was is not kept."""
    fired: list[Occasion] = []
    lasted, before = 0.0, None
    for at, block, place, windows in sorted(seen):
        follows = before and before[1] == block and 0 <= place - before[2] <= 1 and at - before[0] <= 60
        lasted = (lasted if follows else 0.0) + windows * WINDOW
        before = (at, block, place)
        rested = not fired or at - fired[-1].at >= cooldown_seconds
        if lasted >= lasting_seconds and rested and at >= quiet_until(fired):
            fired.append(Occasion(rule=0, at=at))
    return [occasion.at for occasion in fired]
