"""Splits of a mapped file are rows of it: nothing reads them whole."""

import numpy as np
import pytest

from training.data import dataset
from training.data.dataset import FaceSplit, PixelRows, hold_out, read_pixels

COUNT = 60


@pytest.fixture
def mapped(tmp_path):
    """Faces on disk whose pixels say which row they were."""
    np.save(tmp_path / "p.npy", np.arange(COUNT, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8))
    pixels = np.load(tmp_path / "p.npy", mmap_mode="r")
    return FaceSplit(pixels, {"fer2013": np.eye(7, dtype=np.float32)[np.arange(COUNT) % 7]})


@pytest.fixture
def large(monkeypatch):
    """As if the file were larger than memory."""
    monkeypatch.setattr(dataset, "COPY_UP_TO", 0)
    monkeypatch.setattr(dataset, "RELEASE_FROM", 0)


def rows_of(pixels) -> list[int]:
    return pixels[:, 0, 0].tolist()


def test_neighbouring_rows_are_a_view_of_the_file(mapped):
    part = mapped.take(np.arange(COUNT) < 20)
    assert isinstance(part.pixels, np.memmap)
    assert np.shares_memory(part.pixels, mapped.pixels)
    assert rows_of(part.batch(np.array([5]))) == [5]


def test_scattered_rows_of_a_large_file_stay_in_it(mapped, large):
    kept, held = hold_out(mapped, "fer2013", 0.2, seed=0)
    for split in (kept, held):
        assert isinstance(split.pixels, PixelRows)
        labels = split.labels("fer2013").tolist()
        assert [row % 7 for row in rows_of(split.pixels[:])] == labels
        assert rows_of(split.pixels[2:5]) == rows_of(split.pixels[:])[2:5]
        assert [int(face[0, 0]) for face in split.pixels] == rows_of(split.pixels[:])
        assert split.pixels.shape == (len(split), 4, 4)
    assert sorted(rows_of(kept.pixels[:]) + rows_of(held.pixels[:])) == list(range(COUNT))


def test_rows_of_rows(mapped, large):
    even = mapped.take(np.arange(0, COUNT, 2))
    some = even.take(np.array([1, 5, 3]))
    assert isinstance(some.pixels, PixelRows)
    assert rows_of(np.asarray(some.pixels)) == [2, 10, 6]


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_batch_is_a_contiguous_copy_of_its_rows(mapped, size, request):
    if size == "large":
        request.getfixturevalue("large")
    split = mapped.take(np.arange(0, COUNT, 2))
    for rows in (np.array([4, 0, 9]), np.array([4, 0, 9])):  # again, after the pages were let go
        batch = split.batch(rows)
        assert (type(batch), batch.dtype, batch.flags.c_contiguous) == (np.ndarray, np.uint8, True)
        assert rows_of(batch) == [8, 0, 18]
    assert rows_of(mapped.batch(np.array([7, 8]))) == [7, 8]


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_slice_is_a_copy_wherever_the_rows_lie(mapped, size, request):
    if size == "large":
        request.getfixturevalue("large")
    for pixels, step in ((mapped.pixels, 1), (mapped.take(np.arange(0, COUNT, 2)).pixels, 2)):
        part = read_pixels(pixels, slice(3, 6))
        assert type(part) is np.ndarray
        assert not np.shares_memory(part, mapped.pixels)
        assert rows_of(part) == [3 * step, 4 * step, 5 * step]


def test_scattered_rows_of_a_small_file_are_copied(mapped):
    part = mapped.take(np.arange(0, COUNT, 2))
    assert type(part.pixels) is np.ndarray
    assert rows_of(part.pixels)[3] == 6
