"""What the registry remembers of a run. A run goes on without a database, so nothing here may stop it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.utils import timezone

from emotion.models import ModelVersion
from training.models import TrainingRun

logger = logging.getLogger(__name__)


class RunRecord:
    """Writes a run's row. Without a usable database it says so once, and is silent from then on."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self._name, self._config = name, config
        self._run: TrainingRun | None = None
        self._lost = False

    def start(self, folder: Path) -> None:
        """A resumed run finds its row again."""

        def write() -> None:
            self._run, _ = TrainingRun.objects.update_or_create(
                folder=str(folder.resolve()),
                defaults={
                    "name": self._name,
                    "config": self._config,
                    "status": TrainingRun.Status.RUNNING,
                    "ended_at": None,
                },
            )

        self._try(write)

    def epoch(self, figures: dict[str, Any]) -> None:
        def write(run: TrainingRun) -> None:
            run.history = [past for past in run.history if past["epoch"] < figures["epoch"]] + [figures]
            run.save(update_fields=["history"])

        self._with_run(write)

    def end(
        self, status: TrainingRun.Status, figures: dict[str, Any] | None = None, version: ModelVersion | None = None
    ) -> None:
        def write(run: TrainingRun) -> None:
            run.status, run.ended_at = status, timezone.now()
            run.figures, run.model_version = figures or {}, version
            run.save(update_fields=["status", "ended_at", "figures", "model_version"])

        self._with_run(write)

    def _with_run(self, write: Callable[[TrainingRun], None]) -> None:
        if (run := self._run) is not None:
            self._try(lambda: write(run))

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except DatabaseError as error:
            if not self._lost:
                logger.warning("This run is not kept in the database (%s).", str(error).strip().splitlines()[0])
            self._lost, self._run = True, None
