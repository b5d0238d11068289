import pytest
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import make_course, make_instructor

pytestmark = pytest.mark.django_db


def test_the_administration_opens_with_ones_own_courses(client):
    ines, ivo = make_instructor("ines"), make_instructor("ivo")
    bread, soup = make_course("Bread", instructor=ines), make_course("Soup", instructor=ivo)
    client.force_login(ines)
    page = client.get("/admin/")
    assertContains(page, f"/courses/{bread.slug}/teaching/")
    assertNotContains(page, f"/courses/{soup.slug}/")
