import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.factories import PASSWORD, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/totp/activate/"


@pytest.fixture(autouse=True)
def _sign_ins_are_counted_anew():
    cache.clear()


@pytest.fixture
def required(settings):
    settings.ATTUNE_STAFF_MFA = True


def sign_in(client, user):
    return client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


def set_up(client) -> None:
    """It asks for the password once more, then shows the secret."""
    page = client.post(client.get(SET_UP).url, {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    assert client.post(SET_UP, {"code": code}).status_code == 302


@pytest.mark.parametrize("make", [make_instructor, make_admin])
@pytest.mark.parametrize("path", ["/admin/", "/home/", "/courses/new/", "/you/tokens/", "/courses/"])
def test_staff_are_led_to_set_it_up_first(client, required, make, path):
    sign_in(client, make())
    assertRedirects(client.get(path), SET_UP, fetch_redirect_response=False)
    assertContains(client.get(SET_UP, follow=True), "need two-step sign-in")
    answer = client.get("/api/v1/me/")
    assert answer.status_code == 403 and "two-step" in answer.json()["detail"]


def test_once_set_up_everything_is_open(client, required):
    ines = make_instructor()
    make_course(instructor=ines)
    sign_in(client, ines)
    set_up(client)
    assert client.get("/admin/").status_code == 200
    assert client.get("/api/v1/me/").status_code == 200
    client.post("/accounts/logout/")
    # From then on a password alone signs nobody in.
    assertRedirects(sign_in(client, ines), reverse("mfa_authenticate"))
    assert client.get("/admin/").status_code == 302


def test_every_page_on_the_way_leads_on(client, required):
    sign_in(client, make_instructor())
    assertContains(client.get(SET_UP, follow=True), "Is it still you?")
    set_up(client)
    assertContains(client.get("/accounts/2fa/recovery-codes/"), "10 codes of 10 are left")
    assertContains(client.get("/accounts/2fa/"), "10 codes are left")
    assertContains(client.get("/accounts/2fa/recovery-codes/generate/"), "stop to work")
    assertContains(client.get("/accounts/2fa/totp/deactivate/"), "Leave it on")
    assertRedirects(client.post("/accounts/2fa/totp/deactivate/"), "/accounts/2fa/")
    assertContains(client.get("/accounts/2fa/"), "Set it up")
    assertRedirects(client.get("/admin/"), SET_UP, fetch_redirect_response=False)


def test_staff_can_still_sign_out(client, required):
    sign_in(client, make_instructor())
    assertRedirects(client.post("/accounts/logout/"), "/")


def test_students_are_asked_for_nothing(client, required):
    sign_in(client, make_user("alice"))
    assert client.get("/home/").status_code == 200


def test_without_the_operators_word_staff_are_asked_for_nothing(client):
    sign_in(client, make_instructor())
    assert client.get("/admin/").status_code == 200


def test_an_administrator_takes_a_lost_second_step_away_and_never_reads_its_secret(client):
    bob = make_user("bob")
    step = Authenticator.objects.create(user=bob, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    page = f"/admin/mfa/authenticator/{step.pk}/"
    client.force_login(make_instructor())
    assert client.get(f"{page}change/").status_code == 403
    client.force_login(make_admin())
    assertNotContains(client.get(f"{page}change/"), "JBSWY3DPEHPK3PXP")
    client.post(f"{page}delete/", {"post": "yes"})
    assert not bob.authenticator_set.exists()
