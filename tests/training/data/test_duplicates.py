"""The same picture is found again, also when it was saved again; two faces are two."""

import time

import cv2
import numpy as np
import pytest

from emotion.core.labels import EXPRESSIONS_7
from training.data.duplicates import dhash, find_duplicates, near_pairs
from training.data.synthetic import draw_face


def photograph(seed: int, side: int = 48) -> np.ndarray:
    """A picture with the smooth shades of a photograph, of which no two are alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7), dtype=np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def saved_again(face: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def groups(found) -> list[list[int]]:
    return sorted(sorted(group.tolist()) for group in found)


def test_equal_pixels():
    faces = np.stack([photograph(seed) for seed in (0, 1, 2, 0, 3, 1, 0)])
    assert groups(find_duplicates(faces).exact) == [[0, 3, 6], [1, 5]]


@pytest.mark.parametrize(
    "change",
    [
        lambda face: saved_again(face, 85),
        lambda face: cv2.resize(cv2.resize(face, (64, 64)), (48, 48), interpolation=cv2.INTER_AREA),
        lambda face: np.clip(face.astype(int) * 9 // 10 + 12, 0, 255).astype(np.uint8),
    ],
    ids=["saved again", "resized", "lit"],
)
def test_a_picture_that_was_changed_a_little(change):
    faces = [photograph(seed) for seed in range(30)]
    found = find_duplicates(np.stack([*faces, change(faces[4]), change(faces[9])]))
    assert groups(found.exact) == []
    assert groups(found.near) == [[4, 30], [9, 31]]


def test_equal_pictures_and_their_copies_are_one_group():
    faces = [photograph(seed) for seed in range(5)]
    found = find_duplicates(np.stack([*faces, faces[2], saved_again(faces[2], 85)]))
    assert (groups(found.exact), groups(found.near)) == ([[2, 5]], [[2, 5, 6]])


def test_different_faces_are_not_alike():
    faces = np.stack([photograph(seed) for seed in range(500)])
    found = find_duplicates(faces)
    assert (found.exact, found.near) == ([], [])


def test_blank_pictures_are_equal_and_alike_to_no_other():
    found = find_duplicates(np.stack([np.zeros((48, 48), np.uint8)] * 2 + [np.full((48, 48), 9, np.uint8)]))
    assert groups(found.near) == [[0, 1]]


def test_in_colour():
    grey = [photograph(seed, 64) for seed in range(4)]
    faces = np.stack([np.stack([face, face // 2, face // 3], axis=2) for face in [*grey, saved_again(grey[1], 90)]])
    assert groups(find_duplicates(faces).near) == [[1, 4]]


def test_hashes_that_differ_in_up_to_three_bits_are_found_and_no_others():
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**63, 400, dtype=np.uint64)
    for row in range(0, 400, 4):  # copies with 1 to 5 bits turned, anywhere
        mask = sum(1 << int(bit) for bit in generator.permutation(64)[: 1 + row // 4 % 5])
        hashes[row + 1] = hashes[row] ^ np.uint64(mask)
    bits = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    wanted = np.argwhere(np.triu(bits <= 3, k=1))
    assert len(wanted) == 60
    assert np.array_equal(near_pairs(hashes), wanted)
    with pytest.raises(ValueError, match="most_bits is 4; allowed: 0 to 3"):
        near_pairs(hashes, 4)


def test_dhash_says_which_pixel_is_brighter_than_its_right_neighbour():
    falling = np.tile(np.arange(90, 0, -10, dtype=np.uint8), (8, 1))
    assert dhash(falling) == 2**64 - 1
    assert dhash(falling[:, ::-1].copy()) == 0


def test_a_whole_data_set_takes_seconds():
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**63, 36_000, dtype=np.uint64)
    hashes[:5000] &= np.uint64(0xFFFF_FFFF)  # a crowded bucket, as flat backgrounds make them
    started = time.process_time()
    near_pairs(hashes)
    assert time.process_time() - started < 10


def test_drawn_faces_of_one_draw_are_the_same():
    faces = [draw_face(name, np.random.default_rng(1)) for name in (*EXPRESSIONS_7, "neutral")]
    assert [0, 7] in groups(find_duplicates(np.stack(faces)).exact)
