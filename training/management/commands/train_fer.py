import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from emotion.core.manifest import CheckpointError
from emotion.models import ModelVersion
from emotion.registry import register_model
from training.config import Config, ConfigError, load_config, to_dict
from training.data.dataset import DataError
from training.models import TrainingRun
from training.ranks import join_ranks, leave_ranks
from training.run import RunResult, latest_run, run_training
from training.services import RunRecord

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Train a facial expression network from training/config.yaml and register it as a candidate."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--config", type=Path, help="a YAML file; training/config.yaml when none is named")
        parser.add_argument("--data", help="'synthetic', or a data set's folder or CSV (data.set says of which kind)")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="overrides",
            help="a key of the configuration, such as optimiser.lr=0.05; may be given several times",
        )
        parser.add_argument(
            "--resume", nargs="?", const="auto", metavar="RUN", help="go on with a run's folder; 'auto' is the newest"
        )

    def handle(self, *, config: Path | None, data: str | None, overrides: list[str], resume: str | None, **_) -> None:
        ranks = join_ranks()
        if not ranks.is_first:
            os.environ["WANDB_MODE"] = "disabled"
        try:
            settled, folder = self._settle(config, data, overrides, resume)
            record = RunRecord(settled.name, to_dict(settled))
            result = self._run(settled, folder, record, ranks)
            if ranks.is_first:
                self._finish(result, record)
            ranks.wait()
        except (ConfigError, DataError, CheckpointError, ValueError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        finally:
            leave_ranks(ranks)

    def _run(self, config: Config, folder: Path | None, record: RunRecord, ranks) -> RunResult:
        try:
            return run_training(
                config=config,
                root=settings.BASE_DIR,
                runs=settings.RUNS_DIR,
                checkpoints=settings.CHECKPOINTS_DIR,
                resume=folder,
                write=self._say if ranks.is_first else lambda line: None,
                interactive=sys.stdout.isatty() and ranks.is_first,
                stop_requested=_stop_on_signal(),
                on_start=record.start,
                on_epoch=record.epoch,
                is_taken=_is_registered,
                ranks=ranks,
            )
        except (ConfigError, DataError, CheckpointError, ValueError):
            record.end(TrainingRun.Status.FAILED)
            raise
        except FloatingPointError as error:
            record.end(TrainingRun.Status.FAILED)
            raise CommandError(str(error)) from None
        except torch.OutOfMemoryError:
            record.end(TrainingRun.Status.FAILED)
            raise CommandError("The device has no memory left; try a smaller --set loop.batch_size.") from None
        except OSError as error:
            record.end(TrainingRun.Status.FAILED)
            raise CommandError(
                f"The run could not be written ({error.strerror}); its last resume point is whole: free some space, "
                "then go on with --resume."
            ) from None

    def _finish(self, result: RunResult, record: RunRecord) -> None:
        if result.checkpoint is None:
            record.end(TrainingRun.Status.STOPPED)
            self._say(f"Stopped. Go on with: python manage.py train_fer --resume {result.folder}")
            return
        for labels, report in result.figures["PublicTest"].items():
            low, high = report["accuracy_interval_95"]
            self._say(
                f"{labels}: {report['n']} faces, accuracy {report['accuracy']:.2%} ({low:.1%} to {high:.1%}), "
                f"macro F1 {report['macro_f1']:.3f}, ECE {report['ece']:.3f}"
            )
        version = self._register(result.checkpoint)
        record.end(TrainingRun.Status.FINISHED, result.figures, version)

    def _settle(
        self, config: Path | None, data: str | None, overrides: list[str], resume: str | None
    ) -> tuple[Config, Path | None]:
        """The configuration, and the folder of the run to go on with."""
        if data == "synthetic":
            overrides = [*overrides, "data.set=synthetic", "data.path=null"]
        elif data:
            overrides = [*overrides, f"data.path={json.dumps(data)}"]  # quoted: a path may mean something in YAML
        settled = load_config(config, overrides)
        if resume is None:
            return settled, None
        folder = latest_run(settings.RUNS_DIR, settled.name) if resume == "auto" else Path(resume)
        if not (folder / "config.yaml").is_file():
            raise ConfigError(f"{folder} is not a run's folder: it has no config.yaml.")
        return load_config(folder / "config.yaml", overrides), folder

    def _register(self, checkpoint: Path) -> ModelVersion | None:
        self._say(f"Model: {checkpoint}")
        try:
            version = register_model(folder=checkpoint)
        except DatabaseError:
            self._say("It is not in the registry: the database is not set up (python manage.py migrate).")
            return None
        self._say(f"Registered as {version.name} ({version.status}).")
        return version

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _is_registered(name: str) -> bool:
    try:
        return ModelVersion.objects.filter(name=name).exists()
    except DatabaseError:
        return False  # there is no registry, and the folder alone counts


def _stop_on_signal() -> Callable[[], bool]:
    """SIGINT and SIGTERM ask the loop to stop after the step in hand; a second one ends at once."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)
