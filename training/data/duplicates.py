"""The same picture twice: by its pixels exactly, and by a hash of what it looks like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from training.data.dataset import read_pixels

# Two hashes at most this far apart share one of four 16-bit parts, so only those that do are compared.
MOST_BITS = 3
PARTS = 4
THUMBNAIL = 16
# dHash sees only which neighbour is brighter, and faces are alike: pictures must also agree this well, as the
# correlation of their thumbnails. On FER2013 the pairs above 0.9 show one photograph, and most below 0.87 show two.
LEAST_CORRELATION = 0.9
ROWS_AT_ONCE = 4096
PAIRS_AT_ONCE = 4_000_000
READ_AT_ONCE = 256  # faces of a map: 39 MB at 224 px in colour


@dataclass(frozen=True)
class Duplicates:
    """Groups of rows that show the same picture: `exact` by pixels, `near` by look (each exact group is in one)."""

    exact: list[np.ndarray]
    near: list[np.ndarray]


def find_duplicates(pixels: np.ndarray, most_bits: int = MOST_BITS) -> Duplicates:
    """(N, H, W) or (N, H, W, 3) uint8 -> groups of equal and of look-alike rows."""
    digests, hashes, thumbnails = _signatures(pixels)
    _, exact_ids = np.unique(digests, return_inverse=True)
    exact = _groups(exact_ids)
    firsts = np.sort(np.unique(exact_ids, return_index=True)[1])  # equal rows are compared with others once
    pairs = near_pairs(hashes[firsts], most_bits)
    pairs = pairs[_correlation(thumbnails[firsts], pairs) >= LEAST_CORRELATION]
    links = np.concatenate([firsts[pairs], *(np.stack([group[:-1], group[1:]], axis=1) for group in exact)])
    return Duplicates(exact, _groups(_components(len(pixels), links)))


def dhash(face: np.ndarray) -> int:
    """64 bits: in a picture of 9x8, is each pixel brighter than its right neighbour? (Krawetz's difference hash)"""
    small = cv2.resize(face, (9, 8), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(small[:, :-1] > small[:, 1:]).tobytes(), "big")


def near_pairs(hashes: np.ndarray, most_bits: int = MOST_BITS) -> np.ndarray:
    """(N,) uint64 -> (M, 2) rows, first < second, whose hashes differ in at most `most_bits` (0 to 3) bits."""
    if not 0 <= most_bits < PARTS:
        raise ValueError(f"most_bits is {most_bits}; allowed: 0 to {PARTS - 1}.")
    found = [np.empty((0, 2), np.int64)]
    for part in range(PARTS):
        key = (hashes >> np.uint64(16 * part)) & np.uint64(0xFFFF)
        order = np.argsort(key, kind="stable")
        edges = np.flatnonzero(np.diff(key[order])) + 1
        for start, stop in pairwise([0, *edges.tolist(), len(order)]):
            found += _compare(hashes, order[start:stop], most_bits)
    return np.unique(np.concatenate(found), axis=0)


def _compare(hashes: np.ndarray, rows: np.ndarray, most_bits: int) -> list[np.ndarray]:
    """Pairs within one bucket, a stripe at a time so that a crowded bucket fits in memory."""
    if len(rows) < 2:
        return []
    found = []
    step = max(1, PAIRS_AT_ONCE // len(rows))
    bucket = hashes[rows]
    for start in range(0, len(rows), step):
        bits = np.bitwise_count(bucket[start : start + step, None] ^ bucket[None, :])
        first, second = np.nonzero(bits <= most_bits)
        ahead = first + start < second
        if ahead.any():
            found.append(np.sort(np.stack([rows[first[ahead] + start], rows[second[ahead]]], axis=1), axis=1))
    return found


def _signatures(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SHA-1 of the pixels, dHash, and a (THUMBNAIL^2,) float16 thumbnail of mean 0 and length 1, of each row."""
    digests = np.empty(len(pixels), "S20")
    hashes = np.empty(len(pixels), np.uint64)
    thumbnails = np.empty((len(pixels), THUMBNAIL**2), np.float16)
    for start in range(0, len(pixels), READ_AT_ONCE):
        for row, face in enumerate(read_pixels(pixels, slice(start, start + READ_AT_ONCE)), start=start):
            digests[row] = hashlib.sha1(face, usedforsecurity=False).digest()
            grey = face if face.ndim == 2 else cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
            hashes[row] = dhash(grey)
            small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).ravel().astype(np.float32)
            small -= small.mean()
            thumbnails[row] = small / max(float(np.linalg.norm(small)), 1e-6)
    return digests, hashes, thumbnails


def _correlation(thumbnails: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    values = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        a, b = pairs[start : start + ROWS_AT_ONCE].T
        products = thumbnails[a].astype(np.float32) * thumbnails[b].astype(np.float32)
        values[start : start + ROWS_AT_ONCE] = products.sum(axis=1)
    return values


def _groups(ids: np.ndarray) -> list[np.ndarray]:
    """Rows that share an id, for ids that more than one row has."""
    order = np.argsort(ids, kind="stable")
    edges = np.flatnonzero(np.diff(ids[order])) + 1
    return [group for group in np.split(order, edges) if len(group) > 1]


def _components(count: int, links: np.ndarray) -> np.ndarray:
    """(count,) the lowest row of each row's connected component."""
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for a, b in links.tolist():
        a, b = root(a), root(b)
        parent[max(a, b)] = min(a, b)
    return np.array([root(row) for row in range(count)])
