"""Reading what a client says of a frame: its number, and its place in the lesson."""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST_SEQUENCE = 2**31 - 1
# A place further into a block than this is a broken clock, not a patient reader.
LONGEST_PLACE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Place:
    """Where in the lesson a frame was taken. `block_number` is 0 for none."""

    block_number: int = 0
    seconds: float = 0.0


def read_sequence(value: object) -> int | None:
    """A frame's number from JSON or a form; None where none is given. Raises ValueError with one sentence."""
    if value is None or value == "":
        return None
    number = _whole(value)
    if number is None or not 0 <= number <= LARGEST_SEQUENCE:
        raise ValueError(f"A frame's sequence is a whole number from 0 to {LARGEST_SEQUENCE}.")
    return number


def read_place(block: object, seconds: object) -> Place:
    """A place from JSON or a form. Raises ValueError with one sentence."""
    number = 0 if block in (None, "") else _whole(block)
    if number is None or not 0 <= number < 2**63:
        raise ValueError("A frame's block is the number of a block in this lesson.")
    try:
        place = float(seconds or 0)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        place = math.nan
    if isinstance(seconds, bool) or not 0 <= place <= LONGEST_PLACE_SECONDS:
        raise ValueError("The place in the lesson is a number of seconds from 0 to a day.")
    return Place(number, place)


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
