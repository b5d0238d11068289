"""The same promises, kept by PostgreSQL's full text: the tests of this folder once more, against a real server."""

import os
import subprocess
import sys

from tests.services import ROOT


def test_search_keeps_its_promises_on_postgresql(postgres_url, tmp_path):
    environment = os.environ | {
        "DATABASE_URL": postgres_url,
        "ATTUNE_DATA_DIR": str(tmp_path),
        "ATTUNE_TESTING": "1",
        "DJANGO_SETTINGS_MODULE": "lms.settings",
    }
    # Without the plugin that keeps a developer's DATABASE_URL away from the tests.
    command = [sys.executable, "-m", "pytest", "-o", "addopts=-q", "-p", "no:cacheprovider", "--create-db"]
    ran = subprocess.run(
        [*command, "tests/courses/search/test_search.py"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
