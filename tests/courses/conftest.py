import pytest
from django.core.cache import cache

from tests.courses.world import World


@pytest.fixture
def world(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return World(tmp_path)
