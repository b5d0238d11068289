import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.emotion.core.factories import make_checkpoint


@pytest.fixture(autouse=True)
def _signals():
    """train_fer takes over SIGINT and SIGTERM for the rest of its process; here that is the test run's."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.fixture
def home(settings, tmp_path, monkeypatch):
    """An installation of one's own: no data set, no checkpoints, no runs."""
    monkeypatch.delenv("FER_DATA_DIR", raising=False)
    settings.BASE_DIR = tmp_path / "somewhere" / "attune"
    settings.CHECKPOINTS_DIR = settings.BASE_DIR / "checkpoints"
    settings.RUNS_DIR = settings.BASE_DIR / "runs"
    settings.BASE_DIR.mkdir(parents=True)
    return settings.BASE_DIR


@pytest.fixture
def command(db, home):
    """command("train_fer", ...) -> what it printed."""

    def command(*arguments: str) -> str:
        out = StringIO()
        call_command(*arguments, stdout=out)
        return out.getvalue()

    return command


@pytest.fixture
def refusal(command):
    """refusal("train_fer", ...) -> the message of a command that ends with exit code 2."""

    def refusal(*arguments: str) -> str:
        with pytest.raises(CommandError) as raised:
            command(*arguments)
        assert raised.value.returncode == 2
        return str(raised.value)

    return refusal


@pytest.fixture
def checkpoints(settings, tmp_path):
    """The folder of checkpoints, with a small one that serves."""
    folder = tmp_path / "checkpoints"
    settings.CHECKPOINTS_DIR, settings.ATTUNE_DEFAULT_MODEL, settings.ATTUNE_DEVICE = folder, "small", "cpu"
    make_checkpoint(folder / "small")
    return folder


@pytest.fixture
def small(checkpoints):
    return checkpoints / "small"


@pytest.fixture
def refused():
    """refused("export_fer", ..., match=...): one sentence and an exit code."""

    def refused(*arguments, match: str, code: int = 2) -> None:
        with pytest.raises(CommandError, match=match) as refusal:
            call_command(*map(str, arguments))
        assert refusal.value.returncode == code
        assert "\n" not in str(refusal.value)

    return refused
