import hashlib
import tomllib

import pytest
from django.conf import settings

FOLDERS = [
    settings.BASE_DIR / "static" / "vendor",
    settings.BASE_DIR / "tests" / "vendor",
    settings.BASE_DIR / "emotion" / "inference" / "assets",
]
FILES = {folder: tomllib.loads((folder / "VENDORED.toml").read_text())["file"] for folder in FOLDERS}


@pytest.mark.parametrize(
    ("folder", "entry"),
    [(folder, entry) for folder, entries in FILES.items() for entry in entries],
    ids=lambda value: value["path"] if isinstance(value, dict) else value.relative_to(settings.BASE_DIR).as_posix(),
)
def test_vendored_file_is_the_one_that_was_reviewed(folder, entry):
    digest = hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest()
    assert digest == entry["sha256"]
    assert entry["package"] and entry["version"] and entry["licence"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(settings.BASE_DIR).as_posix())
def test_nothing_unlisted_lies_among_the_vendored_files(folder):
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert present - {"VENDORED.toml"} == {entry["path"] for entry in FILES[folder]}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(settings.BASE_DIR).as_posix())
def test_each_package_comes_with_its_licence(folder):
    with_licence = {entry["package"] for entry in FILES[folder] if "LICENSE" in entry["path"]}
    assert with_licence == {entry["package"] for entry in FILES[folder]}
