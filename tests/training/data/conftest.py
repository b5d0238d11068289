from dataclasses import replace

import pytest

from emotion.core.labels import EXPRESSIONS
from tests.training.data.layouts import stamps
from training.config import DataConfig
from training.data.load import load_dataset


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An installation without data."""
    monkeypatch.delenv("FER_DATA_DIR", raising=False)
    root = tmp_path / "somewhere" / "attune"
    root.mkdir(parents=True)
    return root


@pytest.fixture
def load(root):
    """load("affectnet", folder, key=value, ...) -> the data set."""

    def load(name, path, *, seed=0, size=48, channels=1, **keys):
        return load_dataset(
            replace(DataConfig(set=name, path=str(path)), **keys), root, seed, size=size, channels=channels
        )

    return load


@pytest.fixture
def every_label_is_right():
    """Each picture's label is the class that is stamped into it. Returns the classes of each split, sorted."""

    def check(dataset):
        (head,) = dataset.heads
        seen = {}
        for name, split in dataset.splits.items():
            labels = [dataset.heads[head][label] for label in split.labels(head)]
            assert labels == stamps(split.pixels)
            assert split.labelled(head).all()
            seen[name] = sorted(labels, key=EXPRESSIONS.index)
        return seen

    return check
