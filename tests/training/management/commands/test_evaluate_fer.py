import json

import pytest

from emotion.core.labels import EXPRESSIONS
from emotion.models import ModelVersion
from emotion.registry import promote_model, register_model
from tests.emotion.core.factories import make_checkpoint
from tests.training.data import layouts
from tests.training.factories import pixels, write_fer2013, write_votes


@pytest.fixture
def small(home):
    """A checkpoint called small, with both heads."""
    make_checkpoint(home / "checkpoints" / "small")
    return "small"


@pytest.fixture
def data(home):
    """Three rows to train on and seven to validate, one of each code, where the command looks by itself."""
    rows = [(3, pixels(9), "Training")] * 3 + [(code, pixels(30 * code), "PublicTest") for code in range(7)]
    return write_fer2013(home / "datasets" / "fer2013" / "fer2013.csv", rows)


def test_the_report_as_json(command, small, data):
    report = json.loads(command("evaluate_fer", "--checkpoint=small", "--json"))
    assert (report["checkpoint"], report["split"], report["labels"], report["n"]) == (
        "small",
        "PublicTest",
        "fer2013",
        7,
    )
    recalls = report["per_class_recall"]
    assert list(recalls) == ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
    assert report["accuracy"] == pytest.approx(sum(recalls.values()) / 7)  # a row of each class
    assert 0 <= report["macro_f1"] <= 1
    low, high = report["accuracy_interval_95"]
    assert low < report["accuracy"] < high
    assert 0 <= report["ece"] <= 1
    assert report["nll"] > 0
    assert [sum(row) for row in report["confusion_matrix"]] == [1] * 7


def test_another_split_and_the_other_labels(command, small, data):
    votes = [{"happiness": 9}] * 2 + [{"unknown": 9}] + [{"sadness": 9, "Usage": "PublicTest"}] * 7
    write_votes(data.parent, votes)
    report = json.loads(command("evaluate_fer", "--checkpoint=small", "--split=Training", "--labels=ferplus", "--json"))
    assert (report["n"], report["labels"]) == (2, "ferplus")
    assert [name for name, recall in report["per_class_recall"].items() if recall is not None] == ["happiness"]


def test_the_report_for_people(command, small, data):
    output = command("evaluate_fer", "--checkpoint=small")
    assert output.startswith("small on PublicTest (fer2013): 7 faces\naccuracy ")
    for words in ("macro F1", "recall", "happiness"):
        assert words in output


def test_a_class_without_rows_is_told_as_such(command, small, home):
    path = write_fer2013(home / "one.csv", [(3, pixels(), "PublicTest")])
    output = command("evaluate_fer", "--checkpoint=small", f"--data={path}")
    assert output.count("no rows") == 6


def test_affectnet_is_answered_by_the_head_that_knows_its_classes(command, small, tmp_path):
    folder = layouts.annotations(tmp_path / "affectnet")
    report = json.loads(command("evaluate_fer", "--checkpoint=small", "--set=affectnet", f"--data={folder}", "--json"))
    assert (report["labels"], report["head"], report["n"]) == ("affectnet", "ferplus", 8)
    assert list(report["per_class_recall"]) == list(EXPRESSIONS)


def test_class_folders_are_scored_by_the_split_that_is_named(command, small, tmp_path):
    folder = layouts.class_folders(tmp_path / "fer2013")
    report = json.loads(command("evaluate_fer", "--checkpoint=small", f"--data={folder}", "--split=test", "--json"))
    assert (report["labels"], report["n"]) == ("fer2013", 35)


def test_without_a_name_it_is_the_promoted_model(command, small, data, home):
    make_checkpoint(home / "checkpoints" / "better", seed=1)
    promote_model(version=register_model(folder=home / "checkpoints" / "better"))
    assert json.loads(command("evaluate_fer", "--json"))["checkpoint"] == "better"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--checkpoint=nowhere"], "There is no checkpoint in "),
        (["--checkpoint=../small"], "'../small' is not a checkpoint's name."),
        (["--checkpoint=small", "--data=/nowhere"], "There is no data set at /nowhere."),
        (
            ["--checkpoint=small", "--split=PrivateTest"],
            "FER2013 has no split 'PrivateTest'; it has: Training, PublicTest.",
        ),
        (["--checkpoint=small", "--labels=ferplus"], "This data set has no 'ferplus' labels; it has: fer2013."),
    ],
)
def test_bad_input_is_one_sentence(refusal, small, data, arguments, words):
    message = refusal("evaluate_fer", *arguments)
    assert message.startswith(words)
    assert "\n" not in message


def test_damaged_weights_are_told(refusal, small, data, home):
    path = home / "checkpoints" / "small" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal("evaluate_fer", "--checkpoint=small").endswith("(sha256 differs).")


def test_without_a_data_set_one_message_says_which_and_from_where(refusal, small):
    message = refusal("evaluate_fer", "--checkpoint=small")
    assert "FER2013" in message
    assert "AffectNet" in message


def test_looking_registers_nothing_new(command, small, data):
    command("evaluate_fer", "--checkpoint=small")
    assert not ModelVersion.objects.exists()
