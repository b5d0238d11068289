"""Pictures, folders and videos, read with the model that serves."""

import json

import cv2
import numpy as np
import pytest
from django.core.management import call_command
from skimage import data

from training.data.synthetic import draw_face

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checkpoints")]


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:300, 30:430, ::-1])


@pytest.fixture
def pictures(tmp_path, astronaut):
    """One face, two faces, none, and two files that are no pictures."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    cv2.imwrite(str(folder / "one.jpg"), astronaut)
    cv2.imwrite(str(folder / "more" / "two.png"), np.hstack([astronaut, astronaut]))
    cv2.imwrite(str(folder / "none.png"), np.full((200, 200, 3), 90, np.uint8))
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.jpg").write_bytes((folder / "one.jpg").read_bytes()[:200])
    (folder / ".hidden.jpg").touch()
    return folder


def predicted(capsys, *arguments) -> dict:
    capsys.readouterr()
    call_command("predict_fer", *map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out)


def test_all_faces_of_a_folder_are_found_and_the_rest_is_listed(pictures, tmp_path, capsys):
    report = predicted(capsys, pictures, "--out", tmp_path / "out")
    faces = {picture["file"].rsplit("/", 1)[1]: picture["faces"] for picture in report["pictures"]}
    assert {name: len(found) for name, found in faces.items()} == {"two.png": 2, "none.png": 0, "one.jpg": 1}
    (face,) = faces["one.jpg"]
    x, y, width, height = face["box"]
    assert 130 < x < 200 and 40 < y < 120 and 60 < width < 130 and 60 < height < 130
    top = [entry["probability"] for entry in face["top"]]
    assert len(top) == 3 and top == sorted(top, reverse=True)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert len(face["probabilities"]) == 8
    assert {entry["file"].rsplit("/", 1)[1] for entry in report["skipped"]} == {"notes.txt", "broken.jpg"}
    assert "metrics" not in report
    annotated = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.jpg")}
    assert annotated == {"one.jpg.jpg", "more/two.png.jpg", "none.png.jpg"}
    original, copy = (cv2.imread(str(path)) for path in (pictures / "one.jpg", tmp_path / "out" / "one.jpg.jpg"))
    changed = np.abs(original.astype(int) - copy).max(axis=2) > 60
    assert changed[:, round(x)].sum() > 30  # the box's left edge
    assert changed[200:, 300:].sum() == 0


def test_a_table_says_it_in_words(pictures, capsys):
    call_command("predict_fer", str(pictures))
    said = capsys.readouterr().out
    assert "small (ferplus): 3 pictures" in said
    assert "none.png\n  no face" in said
    assert f"Skipped {pictures / 'notes.txt'}: no picture or video that can be read." in said
    assert said.count("%") == 3 * 3
    call_command("predict_fer", str(pictures), "--head", "fer2013")
    assert "small (fer2013): 3 pictures" in capsys.readouterr().out


def test_folders_named_by_class_get_metrics(tmp_path, astronaut, capsys):
    generator = np.random.default_rng(0)
    for folder, expression in (("Happy", "happiness"), ("sad", "sadness"), ("anger", "anger")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        for number in range(4):
            cv2.imwrite(str(tmp_path / "set" / folder / f"{number}.png"), draw_face(expression, generator))
    cv2.imwrite(str(tmp_path / "set" / "sad" / "plain.png"), np.full((200, 200, 3), 90, np.uint8))
    (tmp_path / "set" / "other").mkdir()
    cv2.imwrite(str(tmp_path / "set" / "other" / "one.jpg"), astronaut)
    report = predicted(capsys, tmp_path / "set")
    metrics = report["metrics"]
    assert (metrics["n"], metrics["without_face"]) == (12, 1)
    right = {"Happy": "happiness", "sad": "sadness", "anger": "anger"}
    hits = []
    for picture in report["pictures"]:
        folder = picture["file"].split("/")[-2]
        if folder in right and picture["faces"]:
            seven = {name: p for name, p in picture["faces"][0]["probabilities"].items() if name != "contempt"}
            hits.append(max(seven, key=seven.get) == right[folder])
    assert metrics["accuracy"] == pytest.approx(np.mean(hits))
    assert {name for name, recall in metrics["per_class_recall"].items() if recall is not None} == set(right.values())
    assert {"macro_f1", "accuracy_interval_95", "ece", "nll", "confusion_matrix"} <= set(metrics)
    call_command("predict_fer", str(tmp_path / "set"))
    assert "By folder: 12 faces, 1 pictures without one" in capsys.readouterr().out


def test_a_video_is_sampled(tmp_path, astronaut, capsys):
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (400, 300))
    for number in range(30):
        writer.write(astronaut if number < 15 else np.zeros_like(astronaut))
    writer.release()
    report = predicted(capsys, tmp_path / "clip.avi", "--every", "0.5", "--out", tmp_path / "out")
    assert [(p["second"], len(p["faces"])) for p in report["pictures"]] == [
        (0.0, 1), (0.5, 1), (1.0, 1), (1.5, 0), (2.0, 0), (2.5, 0),
    ]  # fmt: skip
    assert len(list((tmp_path / "out").iterdir())) == 6
    call_command("predict_fer", str(tmp_path / "clip.avi"), "--every", "2")
    assert "clip.avi at 2.00 s\n  no face" in capsys.readouterr().out


def test_nothing_to_read_is_one_sentence(tmp_path, pictures, refused):
    refused("predict_fer", pictures / "notes.txt", match="notes.txt is no picture or video that can be read.$")
    refused("predict_fer", tmp_path / "nowhere.jpg", match="There is no .*nowhere.jpg.$")
    (tmp_path / "empty").mkdir()
    refused("predict_fer", tmp_path / "empty", match="holds no files.$")
    (tmp_path / "empty" / "notes.mp4").write_text("no video")
    refused("predict_fer", tmp_path / "empty", match="holds nothing that can be read: 1 files are no pictures")
    refused("predict_fer", pictures, "--every", "0", match="--every is a number of seconds above 0, not 0")
    refused("predict_fer", pictures, "--head", "mood", match="small has no head 'mood'; it has: fer2013, ferplus.$")
    refused("predict_fer", pictures, "--checkpoint", "nowhere", match="There is no checkpoint in")
    (tmp_path / "taken").touch()
    refused("predict_fer", pictures, "--out", tmp_path / "taken", match="taken: File exists")
