"""`check --deploy` has nothing to say about the settings that docs/operations.md names for production."""

import os
import re
import subprocess
import sys

from tests.services import ROOT


def documented() -> dict[str, str]:
    """The block of variables in docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text()
    block = text.partition("## Settings for production")[2].partition("\n## ")[0]
    return dict(re.findall(r"^    ([A-Z_]+)=(\S+)", block, re.M))


def check(tmp_path, **changes: str) -> subprocess.CompletedProcess:
    removed = ("ATTUNE_TESTING", "DJANGO_SETTINGS_MODULE")
    environment = {k: v for k, v in os.environ.items() if k not in removed} | documented() | changes
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment | {"ATTUNE_DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_the_settings_for_production_pass(tmp_path):
    assert {"ATTUNE_HTTPS", "DATABASE_URL", "REDIS_URL"} <= set(documented())
    ran = check(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "no issues (2 silenced)" in ran.stdout + ran.stderr
    assert check(tmp_path, ATTUNE_HSTS_SUBDOMAINS="1").returncode == 0


def test_without_https_they_do_not(tmp_path):
    ran = check(tmp_path, ATTUNE_HTTPS="0")
    assert ran.returncode == 1 and "security.W004" in ran.stderr
