"""Loaded by pytest before Django reads its settings (see `-p` in pyproject.toml): a test never sees a developer's
database, model choice or environment."""

import os
import tempfile

_data_dir = tempfile.TemporaryDirectory(prefix="attune-tests-")
os.environ["ATTUNE_DATA_DIR"] = _data_dir.name
os.environ["ATTUNE_TESTING"] = "1"
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "ATTUNE_DEFAULT_MODEL",
    "ATTUNE_DEBUG",
    "ATTUNE_HTTPS",
    "WEB_CONCURRENCY",
):
    os.environ.pop(_name, None)
