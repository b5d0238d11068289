"""A set is checked before hours are spent on it."""

import json

import numpy as np

from tests.training.data import layouts
from tests.training.factories import write_fer2013, write_votes


def row(expression, code, usage, seed=0):
    return (code, " ".join(map(str, layouts.stamped_face(expression, seed).ravel())), usage)


ROWS = [
    row("happiness", 3, "Training"),
    row("sadness", 4, "Training"),
    row("sadness", 4, "Training", seed=1),
    row("happiness", 6, "PublicTest"),  # the first picture again, with another label
]
VOTES = [{"happiness": 9}, {"sadness": 5, "fear": 5}, {"NF": 9}, {"happiness": 6, "Usage": "PublicTest"}]


def test_fer2013_as_json(command, tmp_path):
    path = write_fer2013(tmp_path / "fer2013.csv", ROWS)
    write_votes(tmp_path, VOTES)
    report = json.loads(command("prepare_fer", "--data", str(path), "--json"))
    assert (report["set"], report["faces"]) == ("fer2013", 4)
    assert report["splits"]["Training"]["sadness"] == 2
    assert report["splits"]["PublicTest"]["neutral"] == 1
    assert report["ferplus_rows_kept"]["majority"] == {"all": 2, "Training": 1, "PublicTest": 1}
    assert report["ferplus_rows_kept"]["crossentropy"] == {"all": 3, "Training": 2, "PublicTest": 1}
    found = report["duplicates"]
    assert (found["exact"]["groups"], found["exact"]["rows"], found["exact"]["labels_differ"]) == (1, 2, 1)
    assert found["exact"]["first"] == [["Training row 1 happiness", "PublicTest row 4 neutral"]]
    assert found["across_splits"] == [{"first": "Training", "second": "PublicTest", "exact": 1, "near": 1}]


def test_affectnet_in_words(command, tmp_path, home):
    folder = layouts.annotations(tmp_path / "affectnet", more={"9001": 8, "gone1": 1})
    (folder / "val_set" / "images" / "300.jpg").write_bytes(b"x")
    again = folder / "val_set" / "images" / "200.jpg"
    again.write_bytes((folder / "train_set" / "images" / "500.jpg").read_bytes())
    output = command("prepare_fer", "--set=affectnet", "--data", str(folder))
    for words in (
        f"affectnet (annotations) at {folder}: 23 faces",
        "Other labels, dropped: 8: 1",
        "Files skipped: 1 missing, 1 corrupt",
        "  val_set/images/300.jpg (corrupt)",
        "  train_set/images/gone1.jpg (missing)",
        "faces of Validation are in Training with equal pixels",
        f"Cached in {home / 'datasets' / '.cache' / 'affectnet-'}",
    ):
        assert words in output
    assert np.load(next((home / "datasets" / ".cache").glob("*/pixels.npy")), mmap_mode="r").shape == (23, 48, 48)


def test_bad_input_is_one_sentence_and_exit_code_2(refusal, tmp_path):
    assert refusal("prepare_fer", "--data", str(tmp_path / "no")) == f"There is no data set at {tmp_path / 'no'}."
    assert refusal("prepare_fer", "--data", str(tmp_path)).startswith(f"{tmp_path} holds no fer2013.csv")
    assert refusal("prepare_fer", "--set=affectnet", "--data", str(tmp_path)).startswith(
        f"{tmp_path} holds AffectNet in"
    )
    bad = write_fer2013(tmp_path / "fer2013.csv", [(9, "1 2", "Training")])
    assert refusal("prepare_fer", "--data", str(bad)).startswith(f"{bad}, line 2: ")
    assert refusal("prepare_fer", "--data", str(bad), "--config", str(tmp_path / "no.yaml"))
