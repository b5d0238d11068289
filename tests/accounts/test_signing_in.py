import pytest
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from tests.factories import PASSWORD, make_instructor, make_user

pytestmark = pytest.mark.django_db


def sign_in(client, email="alice@example.org", password=PASSWORD):
    return client.post("/accounts/login/", {"login": email, "password": password})


def test_signing_up_leads_home_under_the_chosen_name(client):
    form = {"display_name": "Alice", "email": "alice@example.org", "password1": PASSWORD}
    page = client.post("/accounts/signup/", form, follow=True)
    assertContains(page, "Hello, Alice")
    assert User.objects.get().email == "alice@example.org"


def test_signing_up_twice_makes_no_second_account(client):
    make_user("alice")
    form = {"display_name": "Again", "email": "ALICE@example.org", "password1": PASSWORD}
    client.post("/accounts/signup/", form)
    assert User.objects.count() == 1


def test_the_address_may_be_typed_in_any_case(client):
    make_user("alice")
    assertRedirects(sign_in(client, "ALICE@example.org"), "/home/")


def test_ten_wrong_passwords_rest_the_sign_in_for_that_person_only(client):
    make_user("alice")
    make_user("bob")
    for _ in range(10):
        sign_in(client, password="wrong")
    page = sign_in(client)
    assertContains(page, "A short pause", status_code=429)
    assertRedirects(sign_in(client, "bob@example.org"), "/home/")


def test_the_admin_has_no_sign_in_of_its_own(client):
    make_instructor("ines")
    assert client.get("/admin/login/").url.startswith("/accounts/login/")
