import pytest
from django.template.loader import get_template
from django.test import Client
from django.utils import translation
from pytest_django.asserts import assertContains, assertNumQueries

from lms import api_schema
from tests.factories import make_admin, make_user

pytestmark = pytest.mark.django_db


def test_healthz_answers_without_the_database(client):
    with assertNumQueries(0):
        assert client.get("/healthz").content == b"ok"


def test_readyz_asks_the_database(client):
    with assertNumQueries(1):
        assert client.get("/readyz").content == b"ok"


def test_pages_refuse_inline_scripts_and_keep_the_camera_to_themselves(client):
    response = client.get("/")
    assert "script-src 'self';" in response["Content-Security-Policy"] + ";"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Permissions-Policy"] == "camera=(self), microphone=(), geolocation=()"


def test_only_the_admin_has_the_looser_policy(client):
    client.force_login(make_admin())
    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


def test_an_unknown_page_says_so_kindly(client):
    client.force_login(make_user())
    assertContains(client.get("/nowhere/"), "There is nothing here", status_code=404)


@pytest.mark.parametrize("page", ["500.html", "offline.html"])
def test_the_pages_for_trouble_need_neither_request_nor_database(page):
    with assertNumQueries(0), translation.override("ar"):
        told = get_template(page).render()
    assert '<html lang="ar" dir="rtl">' in told
    assert "<h1>" in told


def test_a_stale_form_says_what_to_do():
    client = Client(enforce_csrf_checks=True)
    assertContains(client.post("/theme/", {"theme": "dark"}), "had gone stale", status_code=403)


def test_the_schema_needs_a_sign_in(client):
    assert client.get("/api/schema/").status_code == 403
    client.force_login(make_user())
    first = client.get("/api/schema/")
    assert first.status_code == 200 and b"/api/v1/" in first.content
    made = api_schema._render.cache_info().currsize
    for language in ("zz", "nonsense"):  # is not kept, or anybody could fill the memory
        assert client.get("/api/schema/", {"lang": language}).content == first.content
    assert api_schema._render.cache_info().currsize == made
