"""From pictures to a history, with the real engine and the shipped model: a subject who weeps, then laughs."""

import time

import numpy as np
import pytest
from django.conf import settings

from emotion import intake, live, selectors, tasks
from emotion.core.labels import EXPRESSIONS
from emotion.places import Place
from tests.emotion.test_framing import in_a_frame
from training.data.fer2013 import find_csv, load_fer2013
from training.data.ferplus import FILE_NAME, read_votes
from training.data.tables import csv_rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]

SECONDS = 10


@pytest.fixture
def worker(monkeypatch, told):
    """The worker's batcher and engine in this process; a task is run where it is sent."""
    live.stop_batcher()
    monkeypatch.setattr(tasks.process_frames, "apply_async", lambda args, **_: tasks.process_frames(*args))
    monkeypatch.setattr(intake, "FRAMES_PER_SECOND", 100)  # twenty seconds of video, sent in one or two
    live.live_batcher()  # loaded, as a worker is before it takes its first frame
    yield
    live.stop_batcher()


@pytest.fixture
def video(fer_data_dir) -> list[bytes]:
    """A frame a second: faces of FER2013's validation part, from which the model has not learned, that look sad, and
    then happy, to FER2013 and to seven in ten of FER+'s taggers. Which of them is chance, and alike in each run."""
    if not (fer_data_dir / FILE_NAME).is_file():
        pytest.skip("FER+: put fer2013new.csv beside fer2013.csv.")
    faces = load_fer2013(find_csv(str(fer_data_dir), settings.BASE_DIR)).split("PublicTest")
    usage = [row["Usage"] for row in csv_rows(fer_data_dir / FILE_NAME)]
    votes = read_votes(fer_data_dir / FILE_NAME, usage)[np.array(usage) == "PublicTest"]
    dice = np.random.default_rng(0)
    chosen = []
    for name in ("sadness", "happiness"):
        code = EXPRESSIONS.index(name)
        agreed = votes[:, code] >= 0.7 * votes.sum(axis=1).clip(1)
        rows = np.flatnonzero(agreed & (faces.labels("fer2013") == code))
        chosen += list(dice.choice(rows, SECONDS, replace=False))
    return [in_a_frame(faces.pixels[row], 300) for row in chosen]


def test_a_subject_who_weeps_and_then_laughs_is_seen_to(worker, video, session, lesson, told):
    block = lesson.blocks.first().pk
    for second, jpeg in enumerate(video):
        place = Place(block, float(second))
        intake.submit_frame(user=session.user, session_id=session.pk, sequence=second, jpeg=jpeg, place=place)
        deadline = time.monotonic() + 10
        while not any(m.get("sequence") == second for m in told.get(str(session.pk), [])):
            assert time.monotonic() < deadline, "Neither an answer nor a word of its being dropped."
            time.sleep(0.005)
    weeping, laughing = selectors.own_timeline(user=session.user, lesson=lesson)["points"]
    assert (weeping["seconds"], laughing["seconds"]) == (0, SECONDS)
    for point, name in ((weeping, "sadness"), (laughing, "happiness")):
        assert point["faces"] >= 8, "The detector finds nearly all of them."
        assert max(EXPRESSIONS, key=point["expressions"].get) == name
    assert weeping["expressions"]["sadness"] > 2 * laughing["expressions"]["sadness"]
    assert laughing["expressions"]["happiness"] > 2 * weeping["expressions"]["happiness"]
