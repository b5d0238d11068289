"""Whether any stretch of a picture lies in a file, in whatever form it may have got there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

GRAM = 8  # bytes; three of them in a row are a trace
ROW = 3
FEWEST_VALUES = 5  # of a gram's bytes: a plain background or a row of zeros is in every file
BITS = 27  # of the table that says of most places that nothing of a picture is there: 128 MB
CHUNK = 1 << 22  # bytes looked through at once
NUMBERS = re.compile(rb"\d{1,3}(?:,\s?\d{1,3}){23,}")  # as Python and JSON write a list of bytes


def forms(content: bytes) -> Iterator[bytes]:
    """As they are, and as what writes bytes as text would write them: hexadecimal, base64, Python's escapes."""
    yield content
    yield content.hex().encode()
    yield content.hex().upper().encode()
    yield content.hex(" ").encode()
    for start in range(3):  # of base64, what is written depends on where it began
        yield base64.b64encode(content[start:])
        yield base64.urlsafe_b64encode(content[start:])
    yield repr(content)[2:-1].encode()


class Traces:
    """Of pictures: any 24 bytes in a row of any of their forms. Every stretch is looked for at every place."""

    def __init__(self, *pictures: bytes) -> None:
        grams = [_grams(form) for picture in pictures for form in forms(picture)]
        self._grams = np.unique(np.concatenate([each[_is_telling(each)] for each in grams]))
        self._table = np.zeros(1 << BITS, bool)
        self._table[_place(self._grams)] = True

    def are_in(self, content: bytes) -> bool:
        overlap = GRAM * ROW
        chunks = (content[start : start + CHUNK + overlap] for start in range(0, len(content), CHUNK))
        listed = (bytes(min(255, int(number)) for number in run.split(b",")) for run in NUMBERS.findall(content))
        return any(self._are_in(part) for part in (*chunks, *listed))

    def _are_in(self, content: bytes) -> bool:
        grams = _grams(content)
        hits = np.flatnonzero(self._table[_place(grams)])
        hits = hits[self._known(grams[hits])]
        for further in range(1, ROW):
            hits = hits[hits + GRAM * further < len(grams)]
            hits = hits[self._known(grams[hits + GRAM * further])]
        return bool(len(hits))

    def _known(self, grams: np.ndarray) -> np.ndarray:
        places = np.searchsorted(self._grams, grams).clip(max=len(self._grams) - 1)
        return self._grams[places] == grams

    def found_in(self, folder: Path, written_after: float = 0.0) -> list[Path]:
        """The files below a folder that have one; of those written after a Unix time."""
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= written_after)
        return [path for path in files if self.are_in(path.read_bytes())]


def _grams(content: bytes) -> np.ndarray:
    """(len - 7,) uint64: eight bytes from each place on."""
    padded = np.frombuffer(content, np.uint8)
    if len(padded) < GRAM:
        return np.empty(0, np.uint64)
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, GRAM)).view(np.uint64)[:, 0]


def _place(grams: np.ndarray) -> np.ndarray:
    """Of each gram, its place in the table: multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
    return (grams * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - BITS)


def _is_telling(grams: np.ndarray) -> np.ndarray:
    values = np.sort(grams[:, None].view(np.uint8).reshape(-1, GRAM), axis=1)
    return (np.diff(values, axis=1) != 0).sum(axis=1) + 1 >= FEWEST_VALUES
