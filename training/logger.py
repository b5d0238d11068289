"""Where a run's figures go: metrics.jsonl always, the terminal or log, and wandb when it is configured."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from training.config import Config, ConfigError, to_dict

WANDB_MODES = ("disabled", "offline", "online", "shared", "dryrun", "run")  # as wandb itself takes them


class RunLogger:
    """Use as a context manager. `interactive` draws a bar; without it, plain lines suit a log."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        write: Callable[[str], None],
        *,
        interactive: bool,
        on_epoch: Callable[[dict[str, Any]], None] = lambda figures: None,
    ) -> None:
        self.folder = folder
        self.write = write
        self.started = time.monotonic()
        self._config = config
        self._on_epoch = on_epoch
        self._wandb: Any = None
        self._progress = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            if interactive
            else None
        )
        self._task: Any = None

    def __enter__(self) -> RunLogger:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self._config.wandb
        mode = os.environ.get("WANDB_MODE") or settings.mode  # wandb's own variable outranks the configuration
        if mode not in WANDB_MODES:
            raise ConfigError(f"WANDB_MODE is {mode!r}; allowed: {', '.join(WANDB_MODES)}.")
        if mode != "disabled":
            import wandb  # slow to import, and needed only here

            if mode == "online" and not (os.environ.get("WANDB_API_KEY") or (Path.home() / ".netrc").is_file()):
                self.write("No wandb key was found, so this run is kept offline (`wandb sync` sends it later).")
                mode = "offline"
            self._wandb = wandb.init(
                project=settings.project,
                name=self.folder.name,
                mode=mode,
                dir=self.folder,
                config=to_dict(self._config),
            )
        if self._progress:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()
        if self._wandb:
            self._wandb.finish()

    def start_epoch(self, epoch: int, epochs: int, steps: int, done: int) -> None:
        if self._progress:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(f"Epoch {epoch + 1}/{epochs}", total=steps, completed=done)

    def step(self) -> None:
        if self._progress:
            self._progress.advance(self._task)

    def epoch(self, figures: dict[str, Any], line: str) -> None:
        """Record one epoch's figures and print its line."""
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(figures) + "\n")
        self._on_epoch(figures)
        if self._wandb:
            self._wandb.log(figures, step=figures["epoch"])
        (self._progress.console.print if self._progress else self.write)(line)
