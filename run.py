"""Set up and start Attune, with the standard library alone.

./run [--host 127.0.0.1] [--port 8000]   set up what is missing, then serve the demo
./run manage ARGS...                     manage.py in the project's environment
./run test [PYTEST ARGS...]              the checks and all tests, or just these tests
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STOP_WITHIN_SECONDS = 15


class Failed(Exception):
    """A step failed; the message is one sentence that says what to do."""


def say(line: str) -> None:
    print(line, flush=True)


def make_environment(*requirements: str) -> None:
    """Make .venv when it is missing, and install what changed since the last time."""
    if not works(PYTHON):
        say("Making .venv.")
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            raise Failed(
                "The environment .venv could not be made; on Debian or Ubuntu, install the package python3-venv first."
            )
    for name in requirements:
        install(name)


def works(python: Path) -> bool:
    """Whether its Python starts and has pip: it may come from a Python that is gone, or from a half-made try."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import pip"]
    return subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def fingerprint(name: str) -> str:
    """Changes whenever a requirements file, or the pins it is read with, does."""
    parts = [(ROOT / file).read_bytes() for file in (name, "constraints.txt")]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def install(name: str) -> None:
    stamp = VENV / f"{name}.sha256"
    wanted = fingerprint(name)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Installing {name}: several minutes the first time, since PyTorch is large.")
    command = [str(PYTHON), "-m", "pip", "install", "-r", name, "-c", "constraints.txt"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--quiet"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-15:]), file=sys.stderr)
        free = shutil.disk_usage(ROOT).free / 1e9
        if free < 1:
            raise Failed(f"pip failed and the disk has {free:.1f} GB left; free about 8 GB and run this again.")
        raise Failed(f"pip could not install {name}; check the network and the lines above, then run this again.")
    stamp.write_text(wanted)


def manage(*arguments: str) -> list[str]:
    return [str(PYTHON), str(ROOT / "manage.py"), *arguments]


def check_port(host: str, port: int) -> None:
    """Before a minute of setting up rather than after it."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Failed(f"Port {port} on {host} cannot be used ({reason}); name another with --port.") from None


def run_until_stopped(command: list[str]) -> int:
    """Run a server in a session of its own; a SIGINT or SIGTERM to us reaches it once, and it is waited for."""
    stopping = threading.Event()
    # Its own session, so that Ctrl+C in a terminal comes from here alone and not twice.
    child = subprocess.Popen(command, cwd=ROOT, start_new_session=True)

    def stop(_number: int, _frame: object) -> None:
        if not stopping.is_set():
            stopping.set()
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)
            killer = threading.Timer(STOP_WITHIN_SECONDS, child.kill)
            killer.daemon = True
            killer.start()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    code = child.wait()
    return 0 if stopping.is_set() and code in (0, -signal.SIGINT) else code


def start(host: str, port: int) -> int:
    check_port(host, port)
    make_environment("requirements.txt")
    if subprocess.run(manage("prepare_demo"), cwd=ROOT).returncode:
        raise Failed("The demo could not be made ready; the lines above say why.")
    return run_until_stopped(manage("serve", "--host", host, "--port", str(port)))


def run_tests(arguments: list[str]) -> int:
    """Every check runs, so that one run tells all that is wrong."""
    make_environment("requirements.txt", "requirements-dev.txt")
    tool = VENV / "bin"
    checks = [
        ("ruff check", [str(tool / "ruff"), "check", "."]),
        ("ruff format", [str(tool / "ruff"), "format", "--check", "."]),
        ("import-linter", [str(tool / "lint-imports")]),
        ("migrations", manage("makemigrations", "--check", "--dry-run")),
        ("tests", [str(PYTHON), "-m", "pytest"]),
    ]
    if arguments:
        checks = [("tests", [str(PYTHON), "-m", "pytest", *arguments])]
    environment = {**os.environ, "ATTUNE_TESTING": "1"}
    failed = []
    for name, command in checks:
        say(f"== {name}")
        if subprocess.run(command, cwd=ROOT, env=environment).returncode:
            failed.append(name)
    if failed:
        say(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever calls this file directly may have an older one)
        raise Failed("Attune needs Python 3.11 or newer; install it and run this again.")
    if arguments[:1] == ["manage"]:
        make_environment("requirements.txt")
        os.execv(PYTHON, manage(*arguments[1:]))
    if arguments[:1] == ["test"]:
        return run_tests(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="./run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
    except KeyboardInterrupt:
        sys.exit(130)
