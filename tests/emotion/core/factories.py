from pathlib import Path

import torch

from emotion.core import architectures
from emotion.core.checkpoint import save_model
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from emotion.core.manifest import InputSpec, Manifest

HEADS = {"fer2013": EXPRESSIONS_7, "ferplus": EXPRESSIONS}
OPTIONS = {"widths": [8, 8], "blocks": [1, 1], "dropout": 0.0}


def make_checkpoint(folder: Path, manifest: Manifest | None = None, *, seed: int = 0) -> Manifest:
    """A small network with fresh weights and its manifest, in `folder`. Returns the manifest as written."""
    manifest = manifest or Manifest(folder.name, "attune", OPTIONS, HEADS, "ferplus", InputSpec())
    torch.manual_seed(seed)
    network = architectures.build(
        manifest.architecture, heads=manifest.heads, channels=manifest.input.channels, **manifest.options
    )
    return save_model(folder, network.state_dict(), manifest)
