"""One press signs in, in a demo on one's own machine and nowhere else."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.demo import DEMO_PASSWORD, ROLES, seed_demo_accounts
from courses.demo import seed_demo_course

pytestmark = pytest.mark.django_db
BUTTONS = [reverse("accounts:continue-as", args=[role]) for role in ROLES]


@pytest.fixture
def people():
    people = seed_demo_accounts()
    seed_demo_course()
    return people


@pytest.fixture
def demo(settings, people):
    settings.ATTUNE_DEMO = True
    return people


def test_each_button_leads_to_a_page_of_its_own_person(client, demo):
    for place in ("/", "/accounts/login/"):
        page = Client().get(place).content.decode()
        assert all(f'action="{button}"' in page for button in BUTTONS)
    for role in ROLES.values():
        answer = client.post(reverse("accounts:continue-as", args=[role.name]), follow=True)
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] == role.leads_to
        assert answer.wsgi_request.user == demo[role.email]


def test_there_are_none_outside_a_demo(client, people):
    for place in ("/", "/accounts/login/"):
        assert "/demo/" not in client.get(place).content.decode()
    assert {client.post(button).status_code for button in BUTTONS} == {404}


@pytest.mark.parametrize(("name", "value"), [("HTTPS", True), ("TRUST_PROXY", True), ("ALLOWED_HOSTS", ["*"])])
def test_nor_in_a_demo_that_others_reach(client, demo, settings, name, value):
    setattr(settings, name, value)
    assert "/demo/" not in client.get("/").content.decode()
    assert client.post(BUTTONS[0]).status_code == 404


def test_a_changed_password_is_not_gone_round(client, demo):
    admin = demo["admin@attune.example"]
    admin.set_password("quite another one")
    admin.save()
    assert client.post("/demo/administrator/").status_code == 404
    assert not admin.check_password(DEMO_PASSWORD)


def test_a_link_or_another_site_signs_nobody_in(demo):
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(BUTTONS[0]).status_code == 405
    assert strict.post(BUTTONS[0]).status_code == 403


def test_there_is_no_fourth_role(client, demo):
    assert client.post("/demo/ben/").status_code == 404
