"""Set up and start Attune, with the standard library alone.

./run [--host 127.0.0.1] [--port 8000]   set up what is missing, then serve the demo
./run manage ARGS...                     manage.py in the project's environment
./run check                              what to run before a commit: the checks, and tests that are quick
./run test [PYTEST ARGS...]              the checks and all tests, or just these tests
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STOP_WITHIN_SECONDS = 15


class Failed(Exception):
    """A step failed; the message is one sentence that says what to do."""


def say(line: str) -> None:
    print(line, flush=True)


def end_with_parent() -> None:
    """In the child, before exec: should this process be killed outright, the child stops too (Linux)."""
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def attend(command: list[str], **options) -> tuple[int, bool]:
    """Run a command to its end. A SIGINT, SIGTERM or SIGHUP to us reaches it once, as SIGINT, and it is waited for.

    Returns its exit code, and whether it was asked to stop.
    """
    child = None
    asked = False

    def kill(_number: int, _frame: object) -> None:
        if child and child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)

    def pass_on() -> None:
        child.send_signal(signal.SIGINT)
        signal.alarm(STOP_WITHIN_SECONDS)

    def stop(_number: int, _frame: object) -> None:
        nonlocal asked
        if not asked and child:
            pass_on()
        asked = True

    # Before the child exists, so that no signal can end us and leave it behind.
    handlers = {signal.SIGALRM: kill, signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: stop}
    former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        # Its own session, so that Ctrl+C in a terminal comes from here alone and not twice.
        child = subprocess.Popen(command, cwd=ROOT, start_new_session=True, preexec_fn=end_with_parent, **options)
        if asked:
            pass_on()
        return child.wait(), asked
    finally:
        signal.alarm(0)
        for number, handler in former.items():
            signal.signal(number, handler)


def step(command: list[str], **options) -> int:
    """A command on the way to somewhere: when it was asked to stop, so are we."""
    code, stopped = attend(command, **options)
    if stopped:
        raise KeyboardInterrupt
    return code


def quiet_step(command: list[str]) -> tuple[int, str]:
    """Its exit code, and what it printed."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        code = step(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        output.seek(0)
        return code, output.read()


def full_disk() -> str:
    """A sentence when so little is left that this must be the cause, else nothing."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return f"The disk has {free:.1f} GB left; free about 8 GB and run this again." if free < 1 else ""


def make_environment(*requirements: str) -> None:
    """Make .venv when it is missing, and install what changed since the last time."""
    if not works(PYTHON):
        say("Making .venv.")
        shutil.rmtree(VENV, ignore_errors=True)
        code, output = quiet_step([sys.executable, "-m", "venv", str(VENV)])
        if code:
            shutil.rmtree(VENV, ignore_errors=True)
            if "ensurepip" in output:
                raise Failed("Python's venv module is incomplete; on Debian or Ubuntu: apt install python3-venv")
            print("\n".join(output.splitlines()[-15:]), file=sys.stderr)
            raise Failed(full_disk() or "The environment .venv could not be made; the lines above say why.")
    for name in requirements:
        install(name)


def works(python: Path) -> bool:
    """Whether its Python starts and has pip: it may come from a Python that is gone, or from a half-made try."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def fingerprint(name: str) -> str:
    """Changes whenever a requirements file, or the pins it is read with, does; not with the Python that asks."""
    parts = [(ROOT / file).read_bytes() for file in (name, "constraints.txt")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install(name: str) -> None:
    stamp = VENV / f"{name}.sha256"
    wanted = fingerprint(name)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Installing {name}: several minutes the first time, since PyTorch is large.")
    command = [str(PYTHON), "-m", "pip", "install", "-r", name, "-c", "constraints.txt"]
    code, output = quiet_step([*command, "--disable-pip-version-check", "--quiet"])
    if code:
        print("\n".join(output.splitlines()[-15:]), file=sys.stderr)
        advice = f"pip could not install {name}; check the network and the lines above, then run this again."
        raise Failed(full_disk() or advice)
    stamp.write_text(wanted)


def manage(*arguments: str) -> list[str]:
    return [str(PYTHON), str(ROOT / "manage.py"), *arguments]


def check_port(host: str, port: int) -> None:
    """Before a minute of setting up rather than after it."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Failed(f"Port {port} on {host} cannot be used ({reason}); name another with --port.") from None


def start(host: str, port: int) -> int:
    check_port(host, port)
    make_environment("requirements.txt")
    if step(manage("prepare_demo")):
        raise Failed("The demo could not be made ready; the lines above say why.")
    code, stopped = attend(manage("serve", "--host", host, "--port", str(port)))
    return 0 if stopped and code == -signal.SIGINT else code


def run_checks() -> int:
    """What CI does, without what takes long: under two minutes on two cores."""
    make_environment("requirements.txt", "requirements-dev.txt")
    # A file's tests in one process, which loads a model once; tables as the models say, since CI tests migrations.
    quick = ["-m", "not slow", "-n", "auto", "--maxprocesses", "4", "--dist=loadfile", "--nomigrations"]
    return run_each([*CHECKS, ("quick tests", [str(PYTHON), "-m", "pytest", *quick], {})])


def run_tests(arguments: list[str]) -> int:
    make_environment("requirements.txt", "requirements-dev.txt")
    pytest = [str(PYTHON), "-m", "pytest"]
    if arguments:
        os.chdir(ROOT)
        os.execve(PYTHON, [*pytest, *arguments], TESTING)
    on_postgres = {"ATTUNE_TEST_DATABASE": "postgres"}
    two = ["-n", "2", "--dist=loadfile"]
    return run_each(
        [
            *CHECKS,
            # Two at once, a file each: what waits for a server or a browser is timed, and goes alone.
            ("tests", [*pytest, "--cov", "--cov-report=term", "--ignore=tests/e2e", *two], {}),
            # A busy machine may be late once; what was run again is listed at the end.
            ("tests in a browser", [*pytest, "tests/e2e", "--reruns", "1", "-r", "fEsR"], {}),
            ("tests on PostgreSQL", [*pytest, *two, *DATABASE_TESTS], on_postgres),
        ]
    )


def run_each(checks: list[Check]) -> int:
    """Every one of them, so that one run tells all that is wrong."""
    failed = []
    for name, command, environment in checks:
        say(f"== {name}")
        if step(command, env=TESTING | environment):
            failed.append(name)
    if failed:
        say(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


# What another database could answer otherwise: locks and races, constraints, aggregates, ordering, search, JSON.
DATABASE_TESTS = [
    f"tests/courses/{name}"
    for name in (
        "assignments",
        "at_risk",
        "certificates",
        "charts",
        "discussion/test_services.py",
        "enrollment/test_services.py",
        "events/test_delivery.py",
        "events/test_services.py",
        "gradebook",
        "notifications/test_socket.py",
        "overview",
        "quizzes/test_analysis.py",
        "quizzes/test_races.py",
        "quizzes/test_services.py",
        "release",
        "search",
        "studio/test_races.py",
        "test_completion.py",
        "test_querysets.py",
        "test_services.py",
    )
]
Check = tuple[str, list[str], dict[str, str]]  # its name, the command, what it needs in the environment
TESTING = {**os.environ, "ATTUNE_TESTING": "1"}
CHECKS: list[Check] = [
    ("ruff check", [str(VENV / "bin" / "ruff"), "check", "."], {}),
    ("ruff format", [str(VENV / "bin" / "ruff"), "format", "--check", "."], {}),
    ("import-linter", [str(VENV / "bin" / "lint-imports")], {}),
    ("mypy", [str(VENV / "bin" / "mypy")], {}),
    ("migrations", manage("makemigrations", "--check", "--dry-run"), {}),
]


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"./run: {message}; ./run --help says what there is.\n")


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever calls this file directly may have an older one)
        raise Failed("Attune needs Python 3.11 or newer; install it and run this again.")
    if arguments[:1] == ["manage"]:
        make_environment("requirements.txt")
        os.execv(PYTHON, manage(*arguments[1:]))
    if arguments == ["check"]:
        return run_checks()
    if arguments[:1] == ["test"]:
        return run_tests(arguments[1:])
    parser = Parser(prog="./run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
    options = parser.parse_args(arguments)
    return start(options.host, options.port)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(
            f"{error.strerror or error}: {error.filename or ROOT}; put that right and run this again.", file=sys.stderr
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
