import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from accounts import invitations
from accounts.models import Invitation, User
from accounts.tokens import make_token
from tests.factories import PASSWORD, make_admin, make_instructor, make_user

pytestmark = pytest.mark.django_db
NEW = "a-lamp-of-ones-own"


@pytest.fixture
def invite(client, django_capture_on_commit_callbacks):
    """invite(email) -> the path of the mailed link."""
    admin = make_admin()

    def invite(email: str = "grace@example.org", name: str = "Grace") -> str:
        client.force_login(admin)
        with django_capture_on_commit_callbacks(execute=True):
            page = client.post("/admin/accounts/invitation/add/", {"email": email, "display_name": name})
        assert page.status_code == 302, page.context["adminform"].form.errors
        client.logout()
        assert mail.outbox[-1].to == [email]
        return re.search(r"http://testserver(/invitations/\S+)", mail.outbox[-1].body)[1]

    return invite


def test_the_invited_sets_a_password_and_teaches(client, invite):
    path = invite()
    assertContains(client.get(path), "Grace")
    assert not User.objects.filter(email="grace@example.org").exists()  # looking changes nothing
    answer = client.post(path, {"display_name": "Grace H.", "password": NEW})
    assertRedirects(answer, "/accounts/login/")
    grace = User.objects.get(email="grace@example.org")
    assert grace.is_staff and not grace.is_superuser and grace.display_name == "Grace H."
    assert EmailAddress.objects.get(user=grace).verified
    client.post("/accounts/login/", {"login": "grace@example.org", "password": NEW})
    assertContains(client.get("/home/"), "Begin a course")


def test_it_works_once(client, invite):
    path = invite()
    client.post(path, {"display_name": "Grace", "password": NEW})
    for answer in (client.get(path), client.post(path, {"display_name": "Eve", "password": NEW})):
        assertContains(answer, "This invitation is over", status_code=410)


def test_of_two_who_press_at_once_one_succeeds(invite):
    invite()
    first, second = Invitation.objects.get(), Invitation.objects.get()
    invitations.accept_invitation(invitation=first, display_name="Grace", password=NEW)
    with pytest.raises(invitations.InvitationGone):
        invitations.accept_invitation(invitation=second, display_name="Eve", password=NEW)


def test_it_works_for_a_week(client, invite):
    path = invite()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(path, {"display_name": "Grace", "password": NEW}).status_code == 410
    assert client.get("/invitations/made-up/").status_code == 410


def test_a_second_invitation_replaces_the_first(client, invite):
    first, second = invite(), invite()
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_a_weak_password_is_refused_and_the_link_stays_good(client, invite):
    path = invite()
    assertContains(client.post(path, {"display_name": "Grace", "password": "12345"}), "too short", status_code=422)
    assert client.get(path).status_code == 200


def test_a_confirmed_account_keeps_its_password(client, invite):
    bob = make_user("bob")
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    client.post(invite("bob@example.org"))
    bob.refresh_from_db()
    assert bob.is_staff and bob.check_password(PASSWORD) and bob.display_name == "Bob"


def test_who_took_the_address_before_its_owner_is_shut_out(client, invite):
    mallory = make_user("grace", password="malice-in-a-box")
    make_token(user=mallory, name="back door", expires_at=None)
    EmailAddress.objects.create(user=mallory, email="mallory@evil.example", verified=True, primary=True)
    path = invite()
    assert client.post(path, {}).status_code == 422
    client.post(path, {"password": NEW})
    mallory.refresh_from_db()
    assert mallory.is_staff and mallory.check_password(NEW)
    assert not mallory.api_tokens.exists()
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["grace@example.org"]


def test_a_closed_account_is_not_opened_again(client, invite):
    path = invite("bob@example.org")
    bob = make_user("bob", is_active=False)
    assert client.post(path, {"password": NEW}).status_code == 410
    bob.refresh_from_db()
    assert not bob.is_staff and Invitation.objects.get().accepted_at is None


def test_only_administrators_invite(client):
    for user in (make_instructor(), make_user("alice")):
        client.force_login(user)
        assert client.post("/admin/accounts/invitation/add/", {"email": "x@example.org"}).status_code in (302, 403)
    assert not Invitation.objects.exists()


def test_who_teaches_already_is_not_invited(client):
    make_instructor("ines")
    client.force_login(make_admin())
    page = client.post("/admin/accounts/invitation/add/", {"email": "INES@example.org"})
    assertContains(page, "teaches here already")
