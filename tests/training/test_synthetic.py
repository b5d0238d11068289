import numpy as np

from emotion.core.labels import EXPRESSIONS_7
from training.data.synthetic import synthetic_dataset


def test_every_class_comes_equally_often():
    dataset = synthetic_dataset(0, per_class=8)
    training, public = dataset.split("Training"), dataset.split("PublicTest")
    assert dataset.heads == {"fer2013": EXPRESSIONS_7}
    assert (training.pixels.shape, training.pixels.dtype) == ((56, 48, 48), np.uint8)
    assert np.bincount(training.labels("fer2013")).tolist() == [8] * 7
    assert np.bincount(public.labels("fer2013")).tolist() == [4] * 7
    assert dataset.summary == "Drawn faces: Training 56, PublicTest 28."


def test_a_seed_draws_the_same_faces_and_another_seed_others():
    first, again, other = (synthetic_dataset(seed, per_class=2).split("Training") for seed in (3, 3, 4))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_validation_holds_no_training_face():
    dataset = synthetic_dataset(0, per_class=20)
    seen = {face.tobytes() for face in dataset.split("Training").pixels}
    assert not seen & {face.tobytes() for face in dataset.split("PublicTest").pixels}
