import pytest

from tests.courses.events.receiver import receiver  # noqa: F401  (a fixture)
from tests.factories import enroll, make_course, make_user


@pytest.fixture
def course(ines):
    return make_course("Bread at home", lessons=2, blocks=1, instructor=ines, slug="bread")


@pytest.fixture
def alice(course):
    alice = make_user("alice", display_name="Zoë Ångström")
    enroll(alice, course)
    return alice
