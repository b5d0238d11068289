"""A checkpoint that is not whole says so in one sentence, before anything is loaded from it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.core import manifest as module
from emotion.core.manifest import CheckpointError, InputSpec, Manifest, read_manifest, write_atomically
from tests.emotion.core.factories import HEADS, make_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "small")
    return tmp_path / "small"


def rewrite(folder: Path, **changes) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def error_of(folder: Path) -> str:
    with pytest.raises(CheckpointError) as raised:
        read_manifest(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_what_is_written_is_read_back(tmp_path):
    given = Manifest(
        name="small",
        architecture="attune",
        options={"widths": [8], "blocks": [1], "dropout": 0.1},
        heads=HEADS,
        serving_head="ferplus",
        input=InputSpec(64, 3, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
        temperatures={"ferplus": 1.25},
        metrics={"accuracy": 0.5},
        trained_on="three faces",
        created="2026-01-01T00:00:00+00:00",
    )
    written = make_checkpoint(tmp_path, given)
    assert read_manifest(tmp_path) == written
    assert written == replace(given, weights_sha256=written.weights_sha256)
    assert len(written.weights_sha256) == 64
    assert written.classes == HEADS["ferplus"]


def test_a_missing_checkpoint_is_named(tmp_path):
    assert error_of(tmp_path / "nowhere") == f"There is no checkpoint in {tmp_path}/nowhere: manifest.json is missing."


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "small").write_text("x")
    assert "cannot be read" in error_of(tmp_path / "small")


def test_a_folder_where_the_manifest_should_be(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    assert "cannot be read" in error_of(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "\xff\xfe", '{"a":\n\n  oops}', "[" * 100_000])
def test_damaged_json(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content.encode("latin-1"))
    assert "cannot be read" in error_of(tmp_path)


@pytest.mark.parametrize("content", ["null", "[]", "3", "{}", '{"format": 1}'])
def test_json_that_is_no_manifest(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    assert "is not a checkpoint's manifest" in error_of(tmp_path)


@pytest.mark.parametrize("key", ["name", "architecture", "heads", "serving_head", "input", "options"])
def test_a_key_that_is_missing(folder, key):
    path = folder / "manifest.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != key}))
    assert "is not a checkpoint's manifest" in error_of(folder)


def test_classes_that_are_no_expressions(folder):
    rewrite(folder, heads={"fer2013": ["happiness", "boredom", "awe"]}, serving_head="fer2013")
    assert error_of(folder).endswith("names classes that are no expressions: awe, boredom.")


def test_a_serving_head_that_is_not_there(folder):
    rewrite(folder, serving_head="affectnet")
    assert "serves head 'affectnet', which it does not have" in error_of(folder)


def test_a_format_of_the_future(folder):
    rewrite(folder, format=2)
    assert "has format 2; this version reads format 1" in error_of(folder)


def test_a_write_that_fails_leaves_the_former_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    write_atomically(path, b"before")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["manifest.json"]
