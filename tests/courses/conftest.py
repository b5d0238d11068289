"""Ines and her course; a file whose course is another one has its own."""

import pytest
from django.core.cache import cache

from tests.courses.world import World
from tests.factories import make_course, make_instructor


@pytest.fixture
def world(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return World(tmp_path)


@pytest.fixture
def ines(db):
    return make_instructor("ines")


@pytest.fixture
def course(ines):
    return make_course(instructor=ines)
