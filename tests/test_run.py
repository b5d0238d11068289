"""run.py speaks plainly: what it cannot do, it says in one sentence."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

import run
from tests.services import ROOT


def call(*arguments: str, cwd=ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60)


def test_help_names_what_it_does():
    done = call("--help")
    assert done.returncode == 0
    for word in ("./run manage", "./run check", "./run test", "--port"):
        assert word in done.stdout


def test_an_unknown_word_is_refused():
    done = call("fly")
    assert done.returncode == 2
    assert done.stderr == "./run: unrecognized arguments: fly; ./run --help says what there is.\n"


def test_a_taken_port_is_one_sentence_before_anything_is_set_up():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call("--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip().splitlines() == [
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use); name another with --port."
    ]


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_is_none_is_one_sentence(port):
    done = call(f"--port={port}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_it_runs_from_any_folder(tmp_path):
    assert call("--help", cwd=tmp_path).returncode == 0


def test_requirements_are_installed_again_only_when_they_change(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "VENV", tmp_path)
    (tmp_path / "requirements.txt").write_text("django\n")
    (tmp_path / "constraints.txt").write_text("")
    installs = []
    monkeypatch.setattr(run, "quiet_step", lambda command: installs.append(command) or (0, ""))
    run.install("requirements.txt")
    run.install("requirements.txt")
    assert len(installs) == 1
    (tmp_path / "constraints.txt").write_text("django==5.2\n")
    run.install("requirements.txt")
    assert len(installs) == 2


def test_a_failed_install_says_what_to_do_and_tries_again_next_time(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "VENV", tmp_path)
    for name in ("requirements.txt", "constraints.txt"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(run, "quiet_step", lambda _: (1, "no route to host\n"))
    with pytest.raises(run.Failed, match="check the network"):
        run.install("requirements.txt")
    assert "no route to host" in capsys.readouterr().err
    assert not (tmp_path / "requirements.txt.sha256").exists()


def test_an_environment_that_cannot_be_made_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "VENV", tmp_path / "venv")
    monkeypatch.setattr(run, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(run, "quiet_step", lambda _: (1, "... because ensurepip is not available.\n"))
    with pytest.raises(run.Failed, match="apt install python3-venv"):
        run.make_environment()


CHILD = """
import signal, sys, time
asked = []
signal.signal(signal.SIGINT, lambda *_: asked.append(1))
print("up", flush=True)
while not asked:
    time.sleep(0.01)
time.sleep(0.5)
print(f"asked {len(asked)}", flush=True)
"""
PARENT = "import run, sys; print(run.attend([sys.executable, '-c', sys.argv[1]]), flush=True)"


@pytest.fixture
def parent():
    """A process that attends a child, which is up."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_child_once_and_the_child_is_waited_for(parent, number):
    os.killpg(parent.pid, number)
    time.sleep(0.1)
    os.killpg(parent.pid, number)
    assert parent.communicate(timeout=20)[0] == "asked 1\n(0, True)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_killed_run_takes_its_child_along(parent):
    parent.kill()
    assert parent.communicate(timeout=20)[0] == ""  # the pipe ends when the child has


def test_every_check_runs_and_those_that_failed_are_named(monkeypatch, capsys):
    monkeypatch.setattr(run, "make_environment", lambda *_: None)
    ran = []

    def step(command, env):
        assert env["ATTUNE_TESTING"] == "1"
        ran.append(command)
        return "mypy" in command[0] or "makemigrations" in command

    monkeypatch.setattr(run, "step", step)
    assert run.main(["check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Failed: mypy, migrations."
    assert len(ran) == len(run.CHECKS) + 1
    assert ran[-1][3:5] == ["-m", "not slow"]
    assert ran[-1][5:9] == ["-n", "auto", "--maxprocesses", "4"]


def test_the_tests_that_run_on_postgresql_are_there():
    assert all((ROOT / name).exists() for name in run.DATABASE_TESTS)


def test_the_first_command_of_the_readme_is_there():
    ran = subprocess.run([ROOT / "run", "--help"], capture_output=True, text=True)
    assert (ran.returncode, "set up what is missing, then serve the demo" in ran.stdout) == (0, True)
