"""Ines, signed in, writes a course."""

import pytest

from tests.factories import make_instructor


@pytest.fixture
def ines(client):
    ines = make_instructor("ines")
    client.force_login(ines)
    return ines
