"""Each layout gives each picture its right class, and what is wrong with a set is said in a sentence."""

import numpy as np
import pytest

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7, FER2013_CODES
from tests.training.data import layouts
from tests.training.factories import write_fer2013, write_votes
from training.data.dataset import DataError


def twice(classes):
    return [name for name in classes for _ in range(2)]


# FER2013


def csv_of_faces(path, header="emotion,pixels,Usage", order=("emotion", "pixels", "Usage"), usages=("Training",)):
    rows = []
    for usage in usages:
        for code, name in enumerate(FER2013_CODES):
            for seed in range(5):
                face = " ".join(map(str, layouts.stamped_face(name, seed).ravel()))
                row = {"emotion": code, "pixels": face, "Usage": usage}
                rows.append(tuple(row[column] for column in order))
    return write_fer2013(path, rows, header)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_fer2013_as_kaggle_csv(load, tmp_path, every_label_is_right, suffix):
    path = csv_of_faces(tmp_path / f"fer2013.csv{suffix}", usages=("Training", "PublicTest", "PrivateTest"))
    dataset = load("fer2013", path)
    assert list(every_label_is_right(dataset)) == ["Training", "PublicTest", "PrivateTest"]
    assert dataset.heads == {"fer2013": EXPRESSIONS_7}


def test_fer2013_in_the_column_order_and_header_of_icml_face_data(load, tmp_path, every_label_is_right):
    order = ("emotion", "Usage", "pixels")
    usages = ("Training", "PublicTest")
    csv_of_faces(tmp_path / "icml_face_data.csv", "emotion, Usage, pixels", order, usages)
    seen = every_label_is_right(load("fer2013", tmp_path))
    assert seen["PublicTest"] == sorted(FER2013_CODES * 5, key=EXPRESSIONS.index)


def test_quoted_fields_are_read_too(load, tmp_path):
    path = csv_of_faces(tmp_path / "fer2013.csv", usages=("Training", "PublicTest"))
    plain = load("fer2013", path)
    lines = path.read_text().splitlines()
    path.write_text("\r\n".join([lines[0], *(",".join(f'"{word}"' for word in ln.split(",")) for ln in lines[1:])]))
    quoted = load("fer2013", path)
    assert np.array_equal(quoted.split("Training").pixels, plain.split("Training").pixels)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_fer2013_as_class_folders(load, tmp_path, every_label_is_right, suffix):
    layouts.class_folders(tmp_path, suffix=suffix, splits=("train", "validation", "test"), each=2)
    dataset = load("fer2013", tmp_path)
    assert every_label_is_right(dataset) == dict.fromkeys(("Training", "Validation", "Test"), twice(EXPRESSIONS_7))
    assert dataset.heads == {"fer2013": EXPRESSIONS_7}
    assert dataset.split("PublicTest") is dataset.split("Validation")


def test_the_test_folder_stays_the_exam_and_the_epoch_is_chosen_on_training_faces(load, tmp_path, every_label_is_right):
    dataset = load("fer2013", layouts.class_folders(tmp_path, each=5))
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    assert sizes == {"Training": 28, "Validation": 7, "Test": 35}
    assert every_label_is_right(dataset)["Validation"] == list(EXPRESSIONS_7)
    assert dataset.summary.endswith("It has no validation split: 7 of 35 training faces are set apart as one.")


def test_a_class_that_fer2013_does_not_have(load, tmp_path):
    layouts.class_folders(tmp_path, names=layouts.AFFECTNET_FOLDERS, each=1)
    with pytest.raises(DataError, match=r"contempt: this set has no class 'contempt'; it has: neutral, "):
        load("fer2013", tmp_path)


def test_a_folder_of_pictures_with_another_name(load, tmp_path):
    layouts.class_folders(tmp_path, each=1)
    layouts.write_picture(tmp_path / "train" / "bored" / "a.png", "neutral")
    with pytest.raises(DataError, match="train/bored: 'bored' is not an expression; known ones: neutral, "):
        load("fer2013", tmp_path)


@pytest.mark.parametrize(
    ("votes", "rule", "kept"),
    [("crossentropy", "paper", 2), ("crossentropy", "code", 2), ("majority", "paper", 1), ("multi_target", "code", 2)],
)
def test_the_summary_says_how_many_rows_the_votes_keep(load, tmp_path, votes, rule, kept):
    rows = [(0, layouts.stamped_face("anger"), "Training"), (3, layouts.stamped_face("happiness"), "PublicTest")]
    path = write_fer2013(
        tmp_path / "fer2013.csv", [(code, " ".join(map(str, face.ravel())), usage) for code, face, usage in rows]
    )
    write_votes(tmp_path, [{"anger": 5, "sadness": 5}, {"happiness": 10, "Usage": "PublicTest"}])
    dataset = load("fer2013", path, votes=votes, votes_rule=rule)
    assert f"FER+ keeps {kept}" in dataset.summary
    assert dataset.target_modes == {"ferplus": votes}


# AffectNet


def test_affectnet_official(load, tmp_path, every_label_is_right):
    layouts.official(tmp_path, more=[("a/8.png", 8), ("a/9.png", 9), ("a/10.png", 10), ("b/10.png", 10)])
    dataset = load("affectnet", tmp_path)
    assert dataset.heads == {"affectnet": EXPRESSIONS}
    assert every_label_is_right(dataset) == {"Training": twice(EXPRESSIONS), "Validation": list(EXPRESSIONS)}
    assert "24 faces (Training 16, Validation 8); 4 of other labels dropped (10: 2, 8: 1, 9: 1)" in dataset.summary


def test_the_official_list_may_lack_its_header(load, tmp_path, every_label_is_right):
    assert every_label_is_right(load("affectnet", layouts.official(tmp_path, header=False)))["Validation"]


def test_pictures_that_are_cropped_already_are_taken_whole(load, tmp_path, every_label_is_right):
    layouts.official(tmp_path)
    for path in (tmp_path / "Manually_Annotated_Images").rglob("*.png"):
        layouts.write_picture(path, layouts.AFFECTNET_CODES[int(path.parent.name)])
    path = tmp_path / "Manually_Annotated_file_lists" / "training.csv"
    path.write_text(path.read_text().replace(",30,40,", ",300,400,"))
    path = path.with_name("validation.csv")
    path.write_text(path.read_text().replace(",30,40,", ",300,400,"))
    dataset = load("affectnet", tmp_path)
    every_label_is_right(dataset)
    assert "24 pictures do not hold the face box given for them and were taken whole" in dataset.summary


def test_affectnet_annotations(load, tmp_path, every_label_is_right):
    dataset = load("affectnet", layouts.annotations(tmp_path, more={"9001": 8, "9002": 10}))
    assert every_label_is_right(dataset) == {"Training": twice(EXPRESSIONS), "Validation": list(EXPRESSIONS)}
    assert "2 of other labels dropped (10: 1, 8: 1)" in dataset.summary


def test_affectnet_class_folders(load, tmp_path, every_label_is_right):
    layouts.class_folders(tmp_path, names=layouts.AFFECTNET_FOLDERS, splits=("train", "val"), each=2)
    layouts.write_picture(tmp_path / "train" / "noface" / "a.png", "neutral")
    dataset = load("affectnet", tmp_path)
    assert every_label_is_right(dataset) == dict.fromkeys(("Training", "Validation"), twice(EXPRESSIONS))
    assert "1 of other labels dropped (noface: 1)" in dataset.summary


def test_the_label_in_labels_csv_wins_over_the_folder(load, tmp_path, every_label_is_right):
    layouts.labels_csv(tmp_path, moved=[("anger", "surprise"), ("happy", "contempt")], each=5)
    layouts.write_picture(tmp_path / "fear" / "unlisted.png", "fear")
    dataset = load("affectnet", tmp_path)
    seen = every_label_is_right(dataset)
    assert sum(map(len, seen.values())) == 43
    assert (seen["Training"] + seen["Validation"]).count("contempt") == 6
    assert "2 labels of labels.csv differ from the picture's folder and won" in dataset.summary
    assert "1 pictures are not in labels.csv and have their folder's label" in dataset.summary


def test_labels_csv_over_split_folders(load, tmp_path, every_label_is_right):
    layouts.class_folders(tmp_path, names=layouts.AFFECTNET_FOLDERS, splits=("Train", "Test"), each=4)
    layouts.write_picture(tmp_path / "Train" / "anger" / "wrong.png", "happiness")
    layouts.write_picture(tmp_path / "Test" / "anger" / "wrong2.png", "fear")
    (tmp_path / "labels.csv").write_text(
        "pth,label,relFCs\nanger/wrong.png,happy,0.9\nTest/anger/wrong2.png,fear,0.9\n"
    )
    seen = every_label_is_right(load("affectnet", tmp_path))
    assert (len(seen["Test"]), len(seen["Training"] + seen["Validation"])) == (33, 33)
    assert seen["Test"].count("fear") == 5


@pytest.mark.parametrize("shape", ["{split}/{kind}", "{kind}/{split}"])
def test_yolo_ids_are_alphabetical(load, tmp_path, every_label_is_right, shape):
    seen = every_label_is_right(load("affectnet", layouts.yolo(tmp_path, shape=shape)))
    assert seen == {"Training": twice(EXPRESSIONS), "Validation": list(EXPRESSIONS)}


def test_yolo_names_of_data_yaml_win(load, tmp_path, every_label_is_right):
    names = ["surprise", "sad", "neutral", "happy", "fear", "disgust", "contempt", "angry"]
    assert every_label_is_right(load("affectnet", layouts.yolo(tmp_path, names=names)))["Validation"] == list(
        EXPRESSIONS
    )


def test_yolo_pictures_with_two_faces_none_and_an_unknown_one(load, tmp_path):
    layouts.yolo(tmp_path)
    labels = tmp_path / "train" / "labels"
    both = np.hstack([layouts.stamped_face("anger"), layouts.stamped_face("sadness")])
    layouts.write_picture(tmp_path / "train" / "images" / "both.png", "", face=both)
    (labels / "both.txt").write_text("0 0.25 0.5 0.5 1.0\n6 0.75 0.5 0.5 1.0\n")
    for stem, text in {"none": "", "other": "8 0.5 0.5 1 1\n"}.items():
        layouts.write_picture(tmp_path / "train" / "images" / f"{stem}.png", "neutral")
        (labels / f"{stem}.txt").write_text(text)
    dataset = load("affectnet", tmp_path)
    training = dataset.split("Training")
    names = [EXPRESSIONS[label] for label in training.labels("affectnet")]
    assert (len(names), names) == (18, layouts.stamps(training.pixels))
    assert "2 of other labels dropped (8: 1, no face: 1)" in dataset.summary


def test_a_set_one_folder_down_is_found(load, tmp_path, every_label_is_right):
    layouts.yolo(tmp_path / "YOLO_format")
    assert every_label_is_right(load("affectnet", tmp_path))


def test_without_a_path_it_is_looked_for_in_datasets(root, load, every_label_is_right):
    layouts.labels_csv(root / "datasets" / "affectnet", each=5)
    dataset = load("affectnet", root / "datasets" / "affectnet")
    assert every_label_is_right(dataset)
    again = load("affectnet", "")
    assert again.summary == dataset.summary


# Size and channels


@pytest.mark.parametrize(("size", "channels", "shape"), [(48, 3, (48, 48, 3)), (64, 1, (64, 64)), (30, 3, (30, 30, 3))])
def test_faces_come_in_the_size_and_channels_of_the_model(load, tmp_path, every_label_is_right, size, channels, shape):
    layouts.annotations(tmp_path / "a")
    csv_of_faces(tmp_path / "fer2013.csv", usages=("Training", "PublicTest"))
    for dataset in (
        load("affectnet", tmp_path / "a", size=size, channels=channels),
        load("fer2013", tmp_path, size=size, channels=channels),
    ):
        every_label_is_right(dataset)
        assert all(split.pixels.shape[1:] == shape for split in dataset.splits.values())


def test_three_channels_are_red_green_blue(load, tmp_path):
    layouts.annotations(tmp_path)
    for path in tmp_path.rglob("*.jpg"):
        layouts.write_picture(path, "", face=np.full((48, 48, 3), (250, 20, 10), np.uint8))  # cv2 writes blue first
    face = load("affectnet", tmp_path, channels=3).split("Training").pixels[0]
    assert np.abs(face[24, 24].astype(int) - (10, 20, 250)).max() < 6


def test_drawn_faces_too(load):
    assert load("synthetic", "", size=32, channels=3).split("Training").pixels.shape == (840, 32, 32, 3)


# Damaged and missing files


def damage(folder):
    (folder / "train_set" / "images" / "100.jpg").write_bytes(b"no picture")
    (folder / "train_set" / "images" / "200.jpg").write_bytes(b"")
    whole = (folder / "train_set" / "images" / "300.jpg").read_bytes()
    (folder / "train_set" / "images" / "300.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "val_set" / "annotations" / "400_exp.npy").write_bytes(b"\x93NUMPY")


def test_damaged_and_missing_files_are_listed_and_skipped(load, tmp_path, every_label_is_right):
    damage(layouts.annotations(tmp_path, more={"gone1": 1}))
    dataset = load("affectnet", tmp_path)
    seen = every_label_is_right(dataset)
    assert (len(seen["Training"]), len(seen["Validation"])) == (13, 7)
    for words in (
        "1 unreadable label",
        "3 corrupt",
        "1 missing",
        "train_set/images/100.jpg (corrupt)",
        "train_set/images/gone1.jpg (missing)",
        "val_set/annotations/400_exp.npy (unreadable label)",
    ):
        assert words in dataset.summary
    assert load("affectnet", tmp_path).summary == dataset.summary  # from the cache


def test_damaged_and_missing_files_end_the_run_when_asked(load, tmp_path):
    damage(layouts.annotations(tmp_path, more={"gone1": 1}))
    for _ in range(2):  # fresh, and from the cache
        with pytest.raises(DataError) as raised:
            load("affectnet", tmp_path, corrupt="fail")
        sentence = str(raised.value)
        assert "\n" not in sentence
        assert "3 corrupt" in sentence
        assert "train_set/images/gone1.jpg (missing)" in sentence


def test_a_whole_set_is_no_reason_to_fail(load, tmp_path):
    assert load("affectnet", layouts.annotations(tmp_path), corrupt="fail")


def test_twenty_skipped_files_are_named_and_the_rest_counted(load, tmp_path):
    layouts.official(tmp_path, more=[(f"gone/{n}.png", 1) for n in range(30)])
    summary = load("affectnet", tmp_path).summary
    assert "skipped 30 missing" in summary
    assert summary.count("(missing)") == 20


def test_a_set_without_one_readable_picture(load, tmp_path):
    layouts.class_folders(tmp_path, each=1)
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds no picture with a label that can be read \(14 corrupt\)\."):
        load("fer2013", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("labels.csv", "pth,label\na.jpg,bored\n", "line 2: 'bored' is not an expression"),
        ("labels.csv", "path,class\na.jpg,anger\n", "line 2: it needs the columns pth and label."),
        ("training.csv", "a,b\n1,2\n", "line 2: it needs subDirectory_filePath and expression."),
        ("data.yaml", "names: [bored]", "'bored' is not an expression"),
        ("data.yaml", "names: {1: anger}", "the ids of its names do not run from 0."),
        ("data.yaml", "a: [", "cannot be read as YAML"),
    ],
)
def test_a_list_that_makes_no_sense(load, tmp_path, name, content, words):
    if name == "data.yaml":
        layouts.yolo(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as raised:
        load("affectnet", tmp_path)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("affectnet", "holds AffectNet in no known form"), ("fer2013", "holds no fer2013.csv and no folders named after")],
)
def test_a_folder_with_nothing_in_it(load, tmp_path, name, words):
    with pytest.raises(DataError, match=words):
        load(name, tmp_path)
    with pytest.raises(DataError, match="There is no data set at "):
        load(name, tmp_path / "nowhere")


def test_numbered_folders_of_pictures_are_no_classes(load, tmp_path):
    for number in range(1, 40):
        layouts.write_picture(tmp_path / "Manually_Annotated_Images" / str(number) / "a.png", "neutral")
    with pytest.raises(DataError, match="in no known form"):
        load("affectnet", tmp_path)


# A split of one's own


def test_a_fifth_is_set_apart_of_each_class_and_a_seed_says_which(load, tmp_path, every_label_is_right):
    layouts.class_folders(tmp_path, names=layouts.AFFECTNET_FOLDERS, splits=("",), each=10)
    first, again, other = (load("affectnet", tmp_path, seed=seed) for seed in (1, 1, 2))
    seen = every_label_is_right(first)
    assert seen == {
        "Training": [name for name in EXPRESSIONS for _ in range(8)],
        "Validation": twice(EXPRESSIONS),
    }
    validation = [np.asarray(dataset.split("Validation").pixels) for dataset in (first, again, other)]
    assert np.array_equal(validation[0], validation[1])
    assert not np.array_equal(validation[0], validation[2])
    training = {face.tobytes() for face in first.split("Training").pixels}
    assert not training & {face.tobytes() for face in validation[0]}


def test_another_fraction(load, tmp_path):
    layouts.class_folders(tmp_path, names=layouts.AFFECTNET_FOLDERS, splits=("",), each=10)
    assert len(load("affectnet", tmp_path, validation=0.5).split("Validation")) == 40


def test_a_set_too_small_to_part(load, tmp_path):
    with pytest.raises(DataError, match="has too few faces of each class to set a validation split apart"):
        load("fer2013", layouts.class_folders(tmp_path, each=1))
