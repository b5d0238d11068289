"""Where a run's figures go."""

import json

import pytest

from tests.services import wait_until
from training.config import ConfigError, load_config
from training.logger import RunLogger


def logger_in(folder, *overrides: str, said: list[str]) -> RunLogger:
    return RunLogger(folder, load_config(None, list(overrides)), said.append, interactive=False)


def test_without_a_key_wandb_asks_for_none_and_keeps_a_run_that_can_be_sent_later(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # where a key could lie
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    said: list[str] = []
    with logger_in(tmp_path / "run", "wandb.mode=online", said=said) as logger:
        logger.epoch({"epoch": 1, "loss": 1.25}, "Epoch 1/1")
    assert said == ["No wandb key was found, so this run is kept offline (`wandb sync` sends it later).", "Epoch 1/1"]
    (kept,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    # What `wandb sync` reads is written by a process of its own.
    wait_until(lambda: b"1.25" in kept.read_bytes(), 20, "the run that wandb keeps")
    assert json.loads((tmp_path / "run" / "metrics.jsonl").read_text()) == {"epoch": 1, "loss": 1.25}


def test_wandb_is_left_alone_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "")
    with logger_in(tmp_path / "run", said=[]) as logger:
        logger.epoch({"epoch": 1}, "Epoch 1/1")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["metrics.jsonl"]


def test_a_mode_that_wandb_does_not_have_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "sometimes")
    with pytest.raises(ConfigError, match=r"^WANDB_MODE is 'sometimes'; allowed: disabled, offline, "):
        logger_in(tmp_path / "run", said=[]).__enter__()
