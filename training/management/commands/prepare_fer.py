import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from training.config import ConfigError, load_config
from training.data.check import check_dataset, describe
from training.data.dataset import DataError

BAD_INPUT = 2
STOPPED = 130
LINES = 10  # of progress in a log


class Command(BaseCommand):
    help = "Check a data set before a run: counts, damaged files, duplicates across splits; and cache its faces."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--set", choices=["fer2013", "affectnet"], help="fer2013, or as the configuration says")
        parser.add_argument("--data", help="the set's folder or CSV; where train_fer looks when none is named")
        parser.add_argument("--config", type=Path, help="a YAML file, for the size of the faces and the cache")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *, set, data: str | None, config: Path | None, as_json: bool, verbosity: int, **_) -> None:
        former = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            settled = load_config(config)
            name = set or (settled.data.set if settled.data.set != "synthetic" else "fer2013")
            wanted = replace(settled.data, set=name, path=data or (settled.data.path if set is None else None))
            with _Shown(self._say if verbosity and not as_json else None) as shown:
                report = check_dataset(
                    wanted,
                    settings.BASE_DIR,
                    size=getattr(settled.model, "input_size", 48),
                    channels=getattr(settled.model, "channels", 1),
                    progress=shown.step,
                )
        except (ConfigError, DataError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing was cached.", returncode=STOPPED) from None
        finally:
            signal.signal(signal.SIGTERM, former)
        if as_json:
            self._say(json.dumps(report, indent=2))
            return
        for line in describe(report):
            self._say(line)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


class _Shown:
    """Progress as a bar on a terminal and as lines in a log; quiet without `say`."""

    def __init__(self, say) -> None:
        self._say = say
        self._bar = Progress(transient=True) if say and sys.stdout.isatty() else None
        self._task = None
        self._line = 0

    def __enter__(self):
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("Decoding", total=None)
        return self

    def __exit__(self, *_) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, done: int, total: int) -> None:
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)
        elif self._say and done * LINES // total > self._line:
            self._line = done * LINES // total
            self._say(f"{done} of {total} pictures decoded")
