import signal
import sys
from pathlib import Path

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from emotion.core.manifest import CheckpointError
from emotion.services import register_model
from training.config import ConfigError, load_config
from training.data.dataset import DataError
from training.run import latest_run, run_training

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Train a facial expression network from training/config.yaml and register it as a candidate."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--config", type=Path, help="a YAML file; training/config.yaml when none is named")
        parser.add_argument("--data", help="'synthetic', or a fer2013.csv(.gz) or the folder that holds it")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
        parser.add_argument(
            "--resume",
            nargs="?",
            const="auto",
            metavar="RUN",
            help="go on with a run's folder; the newest by default",
        )

    def handle(self, *, config: Path | None, data: str | None, overrides: list[str], resume: str | None, **_) -> None:
        try:
            settled, folder = self._settle(config, data, overrides, resume)
            result = run_training(
                config=settled,
                root=settings.BASE_DIR,
                runs=settings.BASE_DIR / "runs",
                checkpoints=settings.CHECKPOINTS_DIR,
                resume=folder,
                write=self._say,
                interactive=sys.stdout.isatty(),
                stop_requested=_stop_on_signal(),
            )
        except (ConfigError, DataError, CheckpointError, ValueError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except FloatingPointError as error:
            raise CommandError(str(error)) from None
        except torch.OutOfMemoryError:
            raise CommandError("The device has no memory left; try a smaller --set loop.batch_size.") from None
        if result.checkpoint is None:
            self._say(f"Stopped. Go on with: python manage.py train_fer --resume {result.folder}")
            return
        for head, report in result.figures["PublicTest"].items():
            self._say(
                f"{head}: {report['n']} faces, accuracy {report['accuracy']:.2%}, macro F1 {report['macro_f1']:.3f}"
            )
        self._say(f"Model: {result.checkpoint}")
        self._register(result.checkpoint)

    def _settle(self, config: Path | None, data: str | None, overrides: list[str], resume: str | None):
        folder = None
        if data:
            overrides = [*overrides, *(["data.set=synthetic"] if data == "synthetic" else [])]
        settled = load_config(config, overrides)
        if resume:
            folder = latest_run(settings.BASE_DIR / "runs", settled.name) if resume == "auto" else Path(resume)
            if not (folder / "config.yaml").is_file():
                raise ConfigError(f"{folder} is not a run's folder: it has no config.yaml.")
            settled = load_config(folder / "config.yaml", overrides)
        if data and data != "synthetic":
            settled = load_config(
                (folder / "config.yaml") if folder else config,
                [*overrides, "data.set=fer2013", f"data.path={data}"],
            )
        return settled, folder

    def _register(self, checkpoint: Path) -> None:
        try:
            version = register_model(folder=checkpoint)
        except DatabaseError:
            self._say("It is not in the registry: the database is not set up (python manage.py migrate).")
        else:
            self._say(f"Registered as {version.name} ({version.status}).")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _stop_on_signal():
    """SIGINT and SIGTERM ask the loop to stop after the step in hand; a second one ends at once."""
    asked = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)
