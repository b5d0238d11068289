import os
import socket
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.services import ROOT


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_taken_port_ends_the_process_with_one_sentence(taken, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(taken)],
        env={**os.environ, "ATTUNE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    sentence = f"Port {taken} on 127.0.0.1 cannot be used (Address already in use); try --port {taken + 1}."
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"CommandError: {sentence}\n"


@pytest.mark.parametrize("arguments", [["serve", "--port"], ["runserver", "--noreload"]])
def test_serve_and_runserver_say_the_same(taken, arguments):
    with pytest.raises(CommandError, match=rf"Port {taken} on 127.0.0.1 cannot be used \(Address already in use\)"):
        call_command(*arguments, str(taken))


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_is_none(port):
    with pytest.raises(CommandError, match=f"Port {port} "):
        call_command("serve", f"--port={port}")


def test_a_host_that_is_not_this_machine():
    with pytest.raises(CommandError, match=r"Port 8000 on 192\.0\.2\.1 cannot be used"):
        call_command("serve", host="192.0.2.1", port=8000)


@pytest.mark.parametrize("address", ["here", "localhost:", "127.0.0.1:http"])
def test_an_address_that_is_none(address):
    with pytest.raises(CommandError, match="is not a port or host:port"):
        call_command("runserver", address, "--noreload")
