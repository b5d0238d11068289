"""The files for deployment, as far as they can be tried without an engine: they parse, every command and option exists,
every variable is one that Attune reads, and what they name is there."""

import re
import shlex
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml
from celery.bin.base import CLIContext
from celery.bin.worker import worker
from django.core.management import CommandError, get_commands, load_command_class

from lms import env, reference
from lms.celery import app
from lms.metrics.processes import QUEUES
from tests.services import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("attune:")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
CADDYFILE = (ROOT / "deploy/Caddyfile").read_text()
OTHERS = {"ATTUNE_DOMAIN", "ATTUNE_IMAGE", "ATTUNE_UPSTREAMS", "POSTGRES_PASSWORD", "TORCH_INDEX"}  # of these files


def try_command(words: list[str]) -> str:
    """Parse a command as its program would, and return what it is. Raises CommandError or click's UsageError."""
    program, *rest = words
    if Path(program).name == "celery":
        assert rest[:3] == ["-A", "lms", "worker"]
        context = worker.make_context("worker", rest[3:], obj=CLIContext(app=app, no_color=True, workdir=None))
        assert context.params["concurrency"] == 1
        assert set(context.params["queues"]) <= set(QUEUES)
        return f"worker {' '.join(context.params['queues'])}"
    assert Path(program).name == "python" and rest[0] == "manage.py"
    commands = get_commands()
    load_command_class(commands[rest[1]], rest[1]).create_parser("manage.py", rest[1]).parse_args(rest[2:])
    return rest[1]


def test_a_wrong_option_would_be_found():
    with pytest.raises(CommandError, match="--hots"):
        try_command(["python", "manage.py", "serve", "--hots", "0.0.0.0"])
    with pytest.raises(Exception, match="No such option"):
        try_command(["celery", "-A", "lms", "worker", "--pol", "solo"])


@pytest.mark.parametrize("name", OWN)
def test_what_a_service_runs_exists(name):
    found = try_command(OWN[name]["command"])
    assert found.split()[0] in {"serve", "migrate", "backup", "worker"}


def test_the_parts_that_are_promised_are_there():
    run = {name: try_command(service["command"]) for name, service in OWN.items()}
    assert sorted(run.values()) == sorted(
        ["serve", "serve", "migrate", "backup", "worker frames", "worker frames", "worker mail"]
    )
    assert SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"][0]["driver"] == "nvidia"
    assert {"postgres", "redis", "caddy"} <= set(SERVICES)


def test_what_services_name_is_there():
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or source == "./backups" or (ROOT / source).exists(), volume
        if target := service.get("build", {}).get("target"):
            assert re.search(rf"^FROM \S+ AS {target}$", DOCKERFILE, re.M), target
    assert set(SERVICES["web1"]["environment"]["ATTUNE_ALLOWED_HOSTS"].split(",")[1:]) == {"localhost", "web1", "web2"}
    for upstream in SERVICES["caddy"]["environment"]["ATTUNE_UPSTREAMS"].split():
        host, port = upstream.split(":")
        assert host in SERVICES and SERVICES[host]["command"][-1] == port


def test_redis_keeps_nothing_on_a_disk():
    command = SERVICES["redis"]["command"]
    assert command[command.index("--save") + 1] == "" and command[command.index("--appendonly") + 1] == "no"
    assert "volumes" not in SERVICES["redis"]


def test_every_variable_is_one_that_is_read():
    example = (ROOT / "deploy/attune.env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.M))
    for service in OWN.values():
        named |= set(service["environment"])
    named |= set(re.findall(r"\{\$(\w+)", CADDYFILE))
    named |= set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    named |= set(re.findall(r"\b(ATTUNE_\w+)=", DOCKERFILE))
    assert named - set(env.READ) - OTHERS == set()
    documented = {name for names, _, _ in reference.described_settings() for name in names}
    assert (named & set(env.READ)) <= documented


def test_the_dockerfile_copies_what_exists():
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.M)
    names = [name for _, name in stages]
    for source, name in stages:
        assert ":" in source or source in names[: names.index(name)]
    for stage in re.findall(r"COPY --from=(\S+)", DOCKERFILE):
        assert stage in names
    assert {"cpu", "cuda"} <= set(names)
    for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M):
        assert all((ROOT / word).exists() for word in words.split())
    started = yaml.safe_load(re.search(r"^CMD (.+)$", DOCKERFILE, re.M)[1])
    assert try_command(started) == "serve"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_what_exists(unit):
    parser = RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read_string(unit.read_text())
    command = shlex.split(parser["Service"]["ExecStart"].replace("%i", "8001"))
    assert command[0].startswith("/opt/attune/.venv/bin/")
    assert try_command(command)
    assert parser["Service"]["User"] == "attune"


def test_the_backups_timer_has_its_service():
    assert (ROOT / "deploy/systemd/attune-backup.timer").with_suffix(".service").exists()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_finds_nothing_but_that_attune_is_not_installed_here():
    units = [*UNITS, ROOT / "deploy/systemd/attune-backup.timer"]
    ran = subprocess.run(["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True)
    lines = [line for line in ran.stderr.splitlines() if "/opt/attune/.venv/bin/" not in line and "attune-" in line]
    assert lines == []


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not here")
def test_caddy_takes_its_file():
    command = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(ROOT / "deploy/Caddyfile")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
