import hashlib
import tomllib

import pytest
from django.conf import settings

VENDOR = settings.BASE_DIR / "static" / "vendor"
FILES = tomllib.loads((VENDOR / "VENDORED.toml").read_text())["file"]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["path"])
def test_vendored_file_is_the_one_that_was_reviewed(entry):
    digest = hashlib.sha256((VENDOR / entry["path"]).read_bytes()).hexdigest()
    assert digest == entry["sha256"]
    assert entry["package"] and entry["version"] and entry["licence"]


def test_nothing_unlisted_lies_among_the_vendored_files():
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present - {"VENDORED.toml"} == {entry["path"] for entry in FILES}


def test_each_package_comes_with_its_licence():
    with_licence = {entry["package"] for entry in FILES if "LICENSE" in entry["path"]}
    assert with_licence == {entry["package"] for entry in FILES}
