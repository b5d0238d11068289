"""Confirming an address and setting a new password, from the letter to the end."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from pytest_django.asserts import assertContains, assertRedirects

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
NEW = "a-lamp-of-ones-own"


def link() -> str:
    return re.search(r"https?://testserver(/\S+)", mail.outbox[-1].body)[1]


@pytest.fixture(autouse=True)
def _letters_are_counted_anew():
    cache.clear()


@pytest.fixture
def mandatory(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def test_an_address_is_confirmed_before_the_first_sign_in(client, mandatory):
    form = {"display_name": "Alice", "email": "alice@example.org", "password1": PASSWORD}
    page = client.post("/accounts/signup/", form, follow=True)
    assertContains(page, "Look into your mail")
    assert client.get("/home/").status_code == 302
    assert (
        mail.outbox[-1].subject == "[Attune] Confirm your address" and "Alice gave this address" in mail.outbox[-1].body
    )
    path = link()
    assertContains(client.get(path), "Yes, confirm it")
    client.post(path)
    assert EmailAddress.objects.get().verified
    client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    assert client.get("/home/").status_code == 200
    client.logout()
    assertContains(client.get("/accounts/confirm-email/made-up/"), "This link is over")


def test_signing_in_unconfirmed_mails_another_letter(client, mandatory):
    make_user("alice")
    answer = client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD}, follow=True)
    assertContains(answer, "Look into your mail")
    assert mail.outbox[-1].to == ["alice@example.org"]


def test_a_forgotten_password_is_set_anew_once(client):
    alice = make_user("alice")
    answer = client.post("/accounts/password/reset/", {"email": "ALICE@example.org"})
    assertRedirects(answer, "/accounts/password/reset/done/")
    assert mail.outbox[-1].subject == "[Attune] Choose a new password" and mail.outbox[-1].to == ["alice@example.org"]
    path = link()
    page = client.get(path, follow=True)
    assertContains(page, "Choose a password")
    where = page.request["PATH_INFO"]
    assertContains(client.post(where, {"password1": NEW, "password2": "other"}), "same password each time")
    client.post(where, {"password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    client.logout()
    assertContains(client.get(path, follow=True), "This link is over")


def test_asking_for_an_unknown_address_tells_nothing(client):
    make_user("alice")
    known = client.post("/accounts/password/reset/", {"email": "alice@example.org"}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert known.status_code == unknown.status_code == 200
    assert re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nobody|alice', "", known.content.decode()) == re.sub(
        r'name="csrfmiddlewaretoken" value="\w+"|nobody|alice', "", unknown.content.decode()
    )
