"""Loaded by pytest before Django reads its settings (see `-p` in pyproject.toml): a test never sees a developer's
database, model choice or environment.

With ATTUNE_TEST_DATABASE=postgres the tests run on a PostgreSQL of their own instead of SQLite."""

import atexit
import contextlib
import os
import sys
import tempfile

_data_dir = tempfile.TemporaryDirectory(prefix="attune-tests-")
os.environ["ATTUNE_DATA_DIR"] = _data_dir.name
os.environ["ATTUNE_TESTING"] = "1"
os.environ["ATTUNE_STRANGERS_A_MINUTE"] = "1000000"  # all tests ask from one address
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "ATTUNE_DEFAULT_MODEL",
    "ATTUNE_DEBUG",
    "ATTUNE_HTTPS",
    "ATTUNE_POLICY_OVERRIDE",
    "WEB_CONCURRENCY",
):
    os.environ.pop(_name, None)

if os.environ.get("ATTUNE_TEST_DATABASE") == "postgres":
    from tests.services import ServiceUnavailable, postgres_service

    _services = contextlib.ExitStack()
    atexit.register(_services.close)
    try:
        os.environ["DATABASE_URL"] = _services.enter_context(postgres_service()).url
    except ServiceUnavailable as why:
        print(f"Not tested on PostgreSQL: {why}")
        sys.exit(1 if os.environ.get("CI") == "true" else 0)
