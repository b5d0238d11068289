"""run.py speaks plainly: what it cannot do, it says in one sentence."""

import socket
import subprocess
import sys

import pytest

import run
from tests.services import ROOT


def call(*arguments: str, cwd=ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60)


def test_help_names_the_three_things_it_does():
    done = call("--help")
    assert done.returncode == 0
    for word in ("./run manage", "./run test", "--port"):
        assert word in done.stdout


def test_an_unknown_word_is_refused():
    done = call("fly")
    assert done.returncode == 2
    assert "fly" in done.stderr and "Traceback" not in done.stderr


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

    def pip(command, **_):
        installs.append(command)
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(run.subprocess, "run", pip)
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
    failed = subprocess.CompletedProcess([], 1, stdout="no route to host\n")
    monkeypatch.setattr(run.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(run.Failed, match="check the network"):
        run.install("requirements.txt")
    assert "no route to host" in capsys.readouterr().err
    assert not (tmp_path / "requirements.txt.sha256").exists()
