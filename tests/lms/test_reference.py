"""The pages of docs/reference say what the code says."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from lms import env, reference
from tests.services import ROOT

DEFAULTS_IN_WORDS = {
    "ATTUNE_TORCH_THREADS": "2, or 1 where there is one",
    "ATTUNE_READING_PLACE": "student; without an ONNX file of the served model, server",
    "ATTUNE_WEBHOOK_PRIVATE_HOSTS": "none; with ATTUNE_DEBUG, this machine",
}


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_as_it_would_be_made_now(name):
    written = (ROOT / "docs/reference" / name).read_text()
    assert written == reference.PAGES[name](), "run: python manage.py make_reference"


def test_every_variable_that_is_read_is_described_once():
    described = [name for names, _, _ in reference.described_settings() for name in names]
    assert sorted(described) == sorted(set(described))
    assert set(described) == set(env.READ)


def test_the_defaults_are_the_codes():
    for names, _, default in reference.described_settings():
        for name in names:
            if env.READ[name].default is not None:
                assert default == DEFAULTS_IN_WORDS.get(name, as_described(env.READ[name].default)), name


def as_described(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value) or "none"
    if Path(str(value)).is_relative_to(ROOT):
        return f"<repository>/{Path(str(value)).relative_to(ROOT)}"
    return str(value)


def test_every_command_of_ours_is_there():
    page = (ROOT / "docs/reference/commands.md").read_text()
    files = [f for app in reference.OWN_APPS for f in (Path(settings.BASE_DIR) / app).glob("management/commands/*.py")]
    names = {file.stem for file in files} - {"__init__", "make_reference"}
    assert set(re.findall(r"^## (\w+)$", page, re.M)) == names
