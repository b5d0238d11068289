"""FER2013 and FER+ as people have them on their disks, whole and damaged."""

import numpy as np
import pytest

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from tests.training.factories import VOTE_COLUMNS, pixels, write_fer2013, write_votes
from training.data.dataset import DataError
from training.data.fer2013 import find_csv, load_fer2013

HAPPY, SAD = 3, 4
ROWS = [(HAPPY, pixels(10), "Training"), (SAD, pixels(255), "Training"), (HAPPY, pixels(7), "PublicTest")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fer2013.csv"


def names(split, head="fer2013") -> list[str]:
    classes = EXPRESSIONS if head == "ferplus" else EXPRESSIONS_7
    return [classes[label] for label in split.labels(head)]


def error_of(path, **options) -> str:
    with pytest.raises(DataError) as raised:
        load_fer2013(path, **options)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert str(path.parent) in sentence
    return sentence


def test_rows_as_kaggle_has_them(path):
    dataset = load_fer2013(write_fer2013(path, ROWS))
    training, public = dataset.split("Training"), dataset.split("PublicTest")
    assert dataset.heads == {"fer2013": EXPRESSIONS_7}
    assert (training.pixels.shape, training.pixels.dtype) == ((2, 48, 48), np.uint8)
    assert training.pixels[:, 0, 0].tolist() == [10, 255]
    assert (names(training), names(public)) == (["happiness", "sadness"], ["happiness"])
    assert dataset.summary == "FER2013: 3 rows (Training 2, PublicTest 1)."


def test_pixels_run_along_the_rows_of_the_face(path):
    ramp = " ".join(str(i % 256) for i in range(48 * 48))
    face = load_fer2013(write_fer2013(path, [(HAPPY, ramp, "Training")])).split("Training").pixels[0]
    assert face[0, :3].tolist() == [0, 1, 2]
    assert face[1, 0] == 48


def test_compressed(tmp_path):
    dataset = load_fer2013(write_fer2013(tmp_path / "fer2013.csv.gz", ROWS))
    assert len(dataset.split("Training")) == 2


@pytest.mark.parametrize("header", ["emotion, pixels, Usage", " emotion ,pixels,Usage ", "emotion,pixels,Usage\r"])
def test_spaces_in_the_header(path, header):
    assert names(load_fer2013(write_fer2013(path, ROWS, header)).split("Training")) == ["happiness", "sadness"]


def test_columns_in_another_order(path):
    rows = [(usage, code, face) for code, face, usage in ROWS]
    dataset = load_fer2013(write_fer2013(path, rows, "Usage,emotion,pixels"))
    assert names(dataset.split("Training")) == ["happiness", "sadness"]


def test_a_split_that_is_not_there_is_named_with_those_that_are(path):
    dataset = load_fer2013(write_fer2013(path, ROWS))
    with pytest.raises(DataError, match="FER2013 has no split 'PrivateTest'; it has: Training, PublicTest"):
        dataset.split("PrivateTest")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((HAPPY, pixels(count=2303), "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, pixels(count=2305), "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, "", "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, pixels(256), "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, pixels(-1), "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, pixels(10**30), "Training"), "line 3: a face is 2304 pixels of 0 to 255."),
        ((HAPPY, "1.5 " + pixels(count=2303), "Training"), "line 3: not a FER2013 row (emotion, pixels, Usage)."),
        ((10**30, pixels(), "Training"), f"line 3: emotion {10**30} is outside 0 to 6."),
        ((HAPPY, "x " + pixels(count=2303), "Training"), "line 3: not a FER2013 row (emotion, pixels, Usage)."),
        ((7, pixels(), "Training"), "line 3: emotion 7 is outside 0 to 6."),
        ((-1, pixels(), "Training"), "line 3: emotion -1 is outside 0 to 6."),
        (("happy", pixels(), "Training"), "line 3: not a FER2013 row (emotion, pixels, Usage)."),
        ((HAPPY, pixels()), "line 3: not a FER2013 row (emotion, pixels, Usage)."),
        ((HAPPY,), "line 3: not a FER2013 row (emotion, pixels, Usage)."),
    ],
)
def test_a_bad_row_is_named_by_its_line(path, row, words):
    assert error_of(write_fer2013(path, [ROWS[0], row])) == f"{path}, {words}"


def test_another_table(path):
    write_fer2013(path, [("a", "b")], "name,value")
    assert "has no column" in error_of(path)
    assert "FER2013 has emotion, pixels and Usage" in error_of(path)


@pytest.mark.parametrize("content", [b"", b"emotion,pixels,Usage\n"])
def test_a_table_without_rows(path, content):
    path.write_bytes(content)
    assert error_of(path) == f"{path} has no rows."


@pytest.mark.parametrize("content", [b"\xff\xfe\x00garbage\x80" * 50, b"\x1f\x8b" + b"\0" * 50])
def test_a_file_that_is_no_text(path, content):
    path.write_bytes(content)
    assert "cannot be read as CSV" in error_of(path)


def test_compressed_data_that_is_cut_short_or_damaged(tmp_path):
    path = write_fer2013(tmp_path / "fer2013.csv.gz", ROWS * 20)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as CSV" in error_of(path)
    for place in range(10, len(whole) - 10, 7):
        path.write_bytes(whole[:place] + bytes(b ^ 0xFF for b in whole[place : place + 9]) + whole[place + 9 :])
        assert error_of(path)
    path.write_bytes(b"not compressed at all")
    assert "cannot be read as CSV" in error_of(path)


def test_a_folder_in_place_of_the_file(path):
    path.mkdir()
    assert "cannot be read as CSV" in error_of(path)


# FER+


def test_votes_become_a_distribution(path):
    write_fer2013(path, ROWS)
    votes = [{"happiness": 8, "neutral": 2}, {"sadness": 10}, {"contempt": 6, "anger": 4, "Usage": "PublicTest"}]
    write_votes(path.parent, votes)
    dataset = load_fer2013(path)
    assert dataset.heads == {"fer2013": EXPRESSIONS_7, "ferplus": EXPRESSIONS}
    assert dataset.summary == "FER2013: 3 rows (Training 2, PublicTest 1), FER+ keeps 3."
    first = dict(zip(EXPRESSIONS, dataset.split("Training").targets["ferplus"][0].tolist(), strict=True))
    assert first == {**dict.fromkeys(EXPRESSIONS, 0), "happiness": pytest.approx(0.8), "neutral": pytest.approx(0.2)}
    assert names(dataset.split("PublicTest"), "ferplus") == ["contempt"]


def test_single_votes_are_dropped(path):
    write_fer2013(path, ROWS[:1])
    write_votes(path.parent, [{"happiness": 6, "neutral": 1, "fear": 1, "surprise": 2}])
    target = load_fer2013(path).split("Training").targets["ferplus"][0]
    assert dict(zip(EXPRESSIONS, target.tolist(), strict=True)) == {
        **dict.fromkeys(EXPRESSIONS, 0),
        "happiness": pytest.approx(0.75),
        "surprise": pytest.approx(0.25),
    }


@pytest.mark.parametrize(
    "votes",
    [
        {"unknown": 6, "happiness": 4},
        {"NF": 10},
        {"happiness": 5, "Image name": ""},
        {"happiness": 1, "sadness": 1, "anger": 1},
        {},
    ],
)
def test_a_row_without_a_usable_label_has_none_and_keeps_its_other_label(path, votes):
    write_fer2013(path, ROWS[:1])
    write_votes(path.parent, [votes])
    split = load_fer2013(path).split("Training")
    assert not split.labelled("ferplus").any()
    assert split.targets["ferplus"].sum() == 0
    assert names(split) == ["happiness"]


def test_some_votes_for_unknown_below_the_top_keep_the_label(path):
    write_fer2013(path, ROWS[:1])
    write_votes(path.parent, [{"happiness": 6, "unknown": 4}])
    split = load_fer2013(path).split("Training")
    assert split.targets["ferplus"][0].sum() == pytest.approx(1)
    assert names(split, "ferplus") == ["happiness"]


def test_votes_are_left_alone_when_not_wanted(path):
    write_fer2013(path, ROWS)
    write_votes(path.parent, [{}])
    assert list(load_fer2013(path, ferplus=False).heads) == ["fer2013"]


@pytest.mark.parametrize("rows", [2, 4])
def test_votes_of_another_number_of_rows(path, rows):
    write_fer2013(path, ROWS)
    usages = ["Training", "Training", "PublicTest", "PublicTest"]
    write_votes(path.parent, [{"happiness": 9, "Usage": usage} for usage in usages[:rows]])
    votes = path.with_name("fer2013new.csv")
    assert error_of(path) == f"{votes} has {rows} rows and FER2013 has 3; they are joined by row."


def test_votes_in_another_order(path):
    write_fer2013(path, ROWS)
    usages = ["Training", "PublicTest", "Training"]
    write_votes(path.parent, [{"happiness": 9, "Usage": usage} for usage in usages])
    assert error_of(path).endswith("line 3: its Usage differs from FER2013's row 3.")


@pytest.mark.parametrize("missing", ["fear", "NF", "Image name", "Usage"])
def test_votes_without_a_column(path, missing):
    write_fer2013(path, ROWS[:1])
    write_votes(path.parent, [{"happiness": 9}], [name for name in VOTE_COLUMNS if name != missing])
    assert error_of(path).endswith("line 2: not a FER+ row of ten vote columns.")


@pytest.mark.parametrize("line", ["Training", "Training,fer0.png,1,2", "Training,fer0.png,a,0,0,0,0,0,0,0,0,0"])
def test_a_row_of_votes_that_is_none(path, line):
    write_fer2013(path, ROWS[:1])
    path.with_name("fer2013new.csv").write_text(",".join(VOTE_COLUMNS) + "\n" + line + "\n")
    assert error_of(path).endswith("line 2: not a FER+ row of ten vote columns.")


# Where it lies


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv("FER_DATA_DIR", raising=False)
    root = tmp_path / "somewhere" / "attune"
    root.mkdir(parents=True)
    return root


def test_the_file_or_its_folder_may_be_named(root, tmp_path):
    plain = write_fer2013(tmp_path / "a" / "fer2013.csv", ROWS)
    packed = write_fer2013(tmp_path / "b" / "fer2013" / "fer2013.csv.gz", ROWS)
    assert find_csv(str(plain), root) == plain
    assert find_csv(str(plain.parent), root) == plain
    assert find_csv(str(packed.parents[1]), root) == packed


def test_without_a_name_it_is_looked_for_where_the_message_says(root, tmp_path, monkeypatch):
    here = write_fer2013(root / "datasets" / "fer2013" / "fer2013.csv", ROWS)
    assert find_csv(None, root) == here
    there = write_fer2013(tmp_path / "elsewhere" / "fer2013.csv.gz", ROWS)
    monkeypatch.setenv("FER_DATA_DIR", str(there.parent))
    assert find_csv(None, root) == there


def test_a_place_that_is_not_there_or_is_empty_is_named(root, tmp_path):
    with pytest.raises(DataError, match=r"There is no data set at .*nowhere\."):
        find_csv(str(tmp_path / "nowhere"), root)
    with pytest.raises(DataError, match=r"holds no fer2013\.csv\."):
        find_csv(str(tmp_path), root)


def test_without_any_data_the_message_says_which_and_from_where(root):
    with pytest.raises(DataError) as raised:
        find_csv(None, root)
    for words in ("FER2013", "Kaggle", "AffectNet", "datasets/fer2013", "FER_DATA_DIR", "--data synthetic"):
        assert words in str(raised.value)


# The real thing


def test_the_whole_of_fer2013(fer_data_dir):
    dataset = load_fer2013(find_csv(str(fer_data_dir), fer_data_dir))
    training, public = dataset.split("Training"), dataset.split("PublicTest")
    assert (len(training), len(public)) == (28_709, 3_589)
    assert int(public.labelled("ferplus").sum()) == 3_553
    counts = dict(zip(EXPRESSIONS_7, np.bincount(public.labels("fer2013"), minlength=7).tolist(), strict=True))
    assert counts == {
        "neutral": 607,
        "happiness": 895,
        "surprise": 415,
        "sadness": 653,
        "anger": 467,
        "disgust": 56,
        "fear": 496,
    }
    # Two sources that agree on most faces: joined a row apart, they would agree by chance.
    both = public.take(np.flatnonzero(public.labelled("ferplus")))
    agree = np.array(names(both)) == np.array(names(both, "ferplus"))
    assert agree.mean() > 0.6
