"""Shifts make a face worse step by step, and groups are reported as they stand in a table."""

import cv2
import numpy as np
import pytest

from emotion.core.manifest import InputSpec
from training.data.dataset import DataError
from training.groups import FEW, group_report, read_table
from training.shifts import SHIFTS, shifted


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Four pictures with edges and shades, (4, 48, 48)."""
    draw = np.random.default_rng(0)
    small = draw.integers(40, 216, (4, 12, 12), dtype=np.uint8)
    return np.stack([cv2.resize(each, (48, 48), interpolation=cv2.INTER_CUBIC) for each in small])


@pytest.mark.parametrize("name", SHIFTS)
def test_each_level_takes_a_face_further_from_itself(faces, name):
    shift = SHIFTS[name]
    levels = [shifted(faces, shift, level) for level in shift.levels]
    far = [float(np.abs(each.astype(int) - faces).mean()) for each in levels]
    assert far[0] < 3  # the first level is no change, but for JPEG's own loss
    assert far == sorted(far)
    assert far[-1] > 5
    assert {each.dtype for each in levels} == {np.dtype(np.uint8)}
    assert {each.shape for each in levels} == {faces.shape}


def test_colour_is_shifted_too(faces):
    coloured = np.repeat(faces[..., None], 3, axis=3)
    for shift in SHIFTS.values():
        assert shifted(coloured, shift, shift.levels[-1]).shape == coloured.shape


def test_the_same_faces_are_turned_the_same_way_each_time(faces):
    shift = SHIFTS["rotation"]
    assert (shifted(faces, shift, 30) == shifted(faces, shift, 30)).all()


def write_table(folder, rows: list[str], header: str = "path,label,gender") -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), np.full((60, 60, 3), 90, np.uint8))
    (folder / "faces.csv").write_text("\n".join([header, *rows]))


def test_a_table_says_whose_faces_they_are(tmp_path):
    write_table(tmp_path, ["a.png,happy,woman", "b.png,Sadness,", "gone.png,anger,man"])
    table = read_table(tmp_path / "faces.csv", InputSpec(48, 1, (0.5,), (0.25,)))
    assert table.pixels.shape == (2, 48, 48)
    assert table.labels.tolist() == [1, 3]
    assert table.columns == {"gender": ["woman", "not said"]}
    assert table.skipped == ["gone.png (missing)"]


@pytest.mark.parametrize(
    ("rows", "header", "sentence"),
    [
        (["a.png,glee,woman"], "path,label,gender", "Line 2 of .* has the label 'glee', which is no expression"),
        (["a.png,happy"], "path,label", "no column besides path and label"),
        (["a.png,happy,woman"], "file,label,gender", "needs the columns path and label; it has: file, label, gender"),
        (["gone.png,happy,woman"], "path,label,gender", "names no picture that can be read"),
    ],
)
def test_a_table_that_says_too_little_is_a_sentence(tmp_path, rows, header, sentence):
    write_table(tmp_path, rows, header)
    with pytest.raises(DataError, match=sentence):
        read_table(tmp_path / "faces.csv", InputSpec())


def test_groups_have_intervals_and_the_widest_gap_leaves_out_those_with_few_faces():
    labels = np.zeros(2 * FEW + 10, int)
    groups = ["one"] * FEW + ["other"] * FEW + ["rare"] * 10
    correct = np.array([True] * 90 + [False] * 10 + [True] * 70 + [False] * 30 + [False] * 10)
    column = group_report(correct, labels, {"age": groups})["age"]
    assert column["widest_gap"] == pytest.approx(0.2)
    assert [(each["n"], each["accuracy"], each["few"]) for each in column["groups"].values()] == [
        (FEW, 0.9, False),
        (FEW, 0.7, False),
        (10, 0.0, True),
    ]
    low, high = column["groups"]["one"]["accuracy_interval_95"]
    assert low < 0.9 < high
    assert column["groups"]["other"]["per_class_recall"] == {"neutral": 0.7}
