"""A second start maps what the first decoded, and nothing stale, torn or foreign is ever taken for it."""

import json
import os

import numpy as np
import pytest

from tests.training.data import layouts
from tests.training.factories import pixels, write_fer2013
from training.data import cache
from training.data.cache import PixelWriter, load_or_build
from training.data.dataset import DataError

ROWS = [(3, pixels(10), "Training"), (4, pixels(255), "Training"), (3, pixels(7), "PublicTest")]


@pytest.fixture
def kept(root):
    """The folders in the cache."""
    return lambda: sorted((root / "datasets" / ".cache").glob("[!.]*"))


@pytest.fixture
def folder(tmp_path):
    return layouts.class_folders(tmp_path / "fer", splits=("train", "val"), each=3)


def test_a_second_start_maps_the_same_faces(load, folder, kept, monkeypatch):
    first = load("fer2013", folder)
    monkeypatch.setattr("training.data.load.stream_images", None)  # nothing is decoded again
    second = load("fer2013", folder)
    assert second.summary == first.summary
    for name, split in second.splits.items():
        assert isinstance(split.pixels, np.memmap)
        assert np.array_equal(split.pixels, first.split(name).pixels)
        assert np.array_equal(split.targets["fer2013"], first.split(name).targets["fer2013"])
    (place,) = kept()
    assert sorted(path.name for path in place.iterdir()) == ["meta.json", "pixels.npy", "targets.npz"]
    assert np.load(place / "pixels.npy").shape == (42, 48, 48)


def test_a_csv_is_parsed_once(load, tmp_path, monkeypatch):
    path = write_fer2013(tmp_path / "fer2013.csv", ROWS)
    first = load("fer2013", path)
    monkeypatch.setattr("training.data.fer2013._row_blocks", None)
    second = load("fer2013", path)
    assert isinstance(second.split("Training").pixels, np.memmap)
    assert np.array_equal(second.split("Training").pixels, first.split("Training").pixels)
    assert second.summary == first.summary


def test_a_changed_file_an_added_one_and_a_removed_one_are_seen(load, folder, kept):
    load("fer2013", folder)
    changed = folder / "train" / "happy" / "im0.png"
    layouts.write_picture(changed, "happiness", face=np.full((48, 48), 200, np.uint8))
    assert (load("fer2013", folder).split("Training").pixels == 200).all(axis=(1, 2)).sum() == 1
    layouts.write_picture(folder / "train" / "happy" / "more.png", "happiness")
    assert len(load("fer2013", folder).split("Training")) == 22
    changed.unlink()
    assert len(load("fer2013", folder).split("Training")) == 21
    assert len(kept()) == 4


def test_a_touched_csv_is_read_again(load, tmp_path):
    path = write_fer2013(tmp_path / "fer2013.csv", ROWS)
    load("fer2013", path)
    before = path.stat()
    path.write_text(path.read_text().replace("10", "20"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load("fer2013", path).split("Training").pixels[0, 0, 0] == 20


def test_another_size_is_another_cache(load, folder, kept):
    for size, channels in ((48, 1), (32, 1), (48, 3), (48, 1)):
        load("fer2013", folder, size=size, channels=channels)
    assert len(kept()) == 3


@pytest.mark.parametrize("name", ["pixels.npy", "targets.npz", "meta.json"])
@pytest.mark.parametrize("harm", ["cut", "gone", "empty"])
def test_a_damaged_cache_is_built_again(load, folder, kept, name, harm):
    first = load("fer2013", folder)
    path = kept()[0] / name
    content = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes(content[: len(content) // 2] if harm == "cut" else b"")
    again = load("fer2013", folder)
    assert np.array_equal(again.split("Training").pixels, first.split("Training").pixels)
    assert path.read_bytes()[:100] == content[:100]


def test_a_cache_of_another_format_is_not_read(load, folder, kept):
    load("fer2013", folder)
    path = kept()[0] / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0, "splits": ["x", "y"]}))
    assert list(load("fer2013", folder).splits) == ["Training", "Validation"]


def test_without_a_place_to_write_it_works_from_memory(load, folder, tmp_path):
    (tmp_path / "file").write_text("")
    dataset = load("fer2013", folder, cache=str(tmp_path / "file" / "cache"))
    assert len(dataset.split("Training")) == 21
    assert not isinstance(dataset.split("Training").pixels, np.memmap)


def test_the_cache_may_lie_elsewhere(load, folder, tmp_path, kept):
    load("fer2013", folder, cache=str(tmp_path / "fast"))
    assert len(list((tmp_path / "fast").iterdir())) == 1
    assert kept() == []


def full_disk(writer):
    writer.append(np.zeros((1, 4, 4), np.uint8))
    if writer.file:
        raise OSError(28, "No space left on device")
    return {"labels": np.zeros(1, np.int8), "splits": np.zeros(1, np.uint8), "names": np.array([], "S1")}, {}


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    faces = load_or_build(full_disk, name="a", key="1", shape=(4, 4), expected=1, cache=tmp_path)
    assert (len(faces.pixels), faces.folder) == (1, None)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_and_a_set_larger_than_memory_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match=r"No space left on device; name another place with data\.cache"):
        load_or_build(full_disk, name="a", key="1", shape=(4, 4), expected=10**9, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_build_leaves_nothing_behind(tmp_path):
    def interrupted(writer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_or_build(interrupted, name="a", key="1", shape=(4, 4), expected=1, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_large_set_without_a_cache_goes_through_a_file_without_a_name(load, folder, tmp_path, monkeypatch):
    first = load("fer2013", folder)
    monkeypatch.setattr(cache, "IN_MEMORY_UP_TO", 0)
    (tmp_path / "file").write_text("")
    dataset = load("fer2013", folder, cache=str(tmp_path / "file" / "cache"))
    assert isinstance(dataset.split("Training").pixels, np.memmap)
    assert np.array_equal(dataset.split("Training").pixels, first.split("Training").pixels)


def test_the_header_has_room_for_any_number_of_faces(tmp_path):
    with (tmp_path / "p.npy").open("wb") as file:
        writer = PixelWriter((2, 2), file)
        for value in range(1000):
            writer.append(np.full((1, 2, 2), value % 256, np.uint8))
        writer.finish()
    pixels = np.load(tmp_path / "p.npy")
    assert (pixels.shape, pixels[999, 0, 0]) == ((1000, 2, 2), 999 % 256)
