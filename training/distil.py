"""Soft labels from a trained model: what a teacher sees in a face, blended with the label somebody gave it.

Labels of faces are noisy, and a teacher's probabilities say where (Hinton et al. 2015; Li et al. 2017, "Learning from
Noisy Labels with Distillation").
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from emotion.core.checkpoint import load_model
from emotion.core.manifest import InputSpec
from training.config import ConfigError


class Teacher:
    """A model trained here, and the share that its opinion has in each label.

    Raises CheckpointError for a folder without a model, ConfigError for one that takes other pictures or knows other
    classes.
    """

    def __init__(
        self, folder: Path, share: float, heads: Mapping[str, tuple[str, ...]], spec: InputSpec, device: torch.device
    ) -> None:
        model, manifest = load_model(folder)
        theirs = manifest.input
        if (theirs.size, theirs.channels) != (spec.size, spec.channels):
            raise ConfigError(
                f"The teacher {folder} takes faces of {theirs.size} px in {theirs.channels} channels, the student "
                f"{spec.size} px in {spec.channels}."
            )
        for head, classes in heads.items():
            if tuple(manifest.heads.get(head, ())) != tuple(classes):
                raise ConfigError(f"The teacher {folder} has no head '{head}' with the classes {', '.join(classes)}.")
        # From the student's inputs to the teacher's, which were normalised by another mean and deviation.
        mean, std, their_mean, their_std = (
            torch.tensor(values, device=device).view(1, -1, 1, 1)
            for values in (spec.mean, spec.std, theirs.mean, theirs.std)
        )
        self._scale, self._offset = std / their_std, (mean - their_mean) / their_std
        self._share = share
        self._model = model.to(device, memory_format=torch.channels_last)
        self._temperatures = {head: manifest.temperatures.get(head, 1.0) for head in heads}

    @torch.no_grad()
    def blend(self, inputs: Tensor, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """(B, C, H, W) inputs and (B, classes) target rows by head -> target rows; a row without a label becomes the
        teacher's alone, at its share of the weight."""
        logits = self._model(inputs * self._scale + self._offset)
        return {
            head: (1 - self._share) * target
            + self._share * torch.softmax(logits[head].float() / self._temperatures[head], dim=1)
            for head, target in targets.items()
        }
