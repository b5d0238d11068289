import json

import cv2
import numpy as np
import pytest

from tests.emotion.core.factories import make_checkpoint
from tests.training.factories import pixels, write_fer2013
from training.shifts import SHIFTS


@pytest.fixture(autouse=True)
def _small(home):
    make_checkpoint(home / "checkpoints" / "small")
    rows = [(code, pixels(30 * code), "PublicTest") for code in range(7)] + [(3, pixels(9), "Training")] * 3
    write_fer2013(home / "datasets" / "fer2013" / "fer2013.csv", rows)


def test_every_shift_is_measured_at_every_level_and_drawn(command, tmp_path):
    report = json.loads(
        command("stress_fer", "--checkpoint=small", "--rows=5", "--json", f"--png={tmp_path / 'shifts.png'}")
    )
    assert (report["n"], report["labels"]) == (5, "fer2013")
    assert {name: [each["level"] for each in levels] for name, levels in report["shifts"].items()} == {
        name: list(shift.levels) for name, shift in SHIFTS.items()
    }
    low, high = report["shifts"]["blur"][0]["accuracy_interval_95"]
    assert low <= report["shifts"]["blur"][0]["accuracy"] <= high
    assert cv2.imread(str(tmp_path / "shifts.png")).std() > 5


def test_the_report_for_people(command):
    output = command("stress_fer", "--checkpoint=small", "--rows=3")
    assert output.startswith("small on PublicTest (fer2013): 3 faces\nbrightness down (darker by this share of full)")
    assert "mouth covered" in output


def test_a_table_of_people_is_reported_by_group(command, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 60, 3), 90, np.uint8))
    (tmp_path / "faces.csv").write_text("path,label,age\na.png,happy,20-29\na.png,sad,60-69\nb.png,sad,60-69\n")
    output = command("stress_fer", "--checkpoint=small", f"--table={tmp_path / 'faces.csv'}")
    assert "2 faces, accuracy " in output
    assert "Skipped b.png (missing)." in output
    assert "few: read nothing into it" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rows=0"], "--rows is 0; allowed: 1 or more."),
        (["--table=/nowhere.csv"], "There is no table at /nowhere.csv."),
        (["--labels=affectnet"], "This data set has no 'affectnet' labels"),
        (["--checkpoint=none-such"], "none-such"),
    ],
)
def test_bad_input_is_a_sentence(refused, arguments, sentence):
    given = arguments if any("checkpoint" in each for each in arguments) else ["--checkpoint=small", *arguments]
    refused("stress_fer", *given, match=sentence)
