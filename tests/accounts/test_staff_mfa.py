import asyncio
import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.core.cache import cache
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.tokens import make_token
from courses.models import Lesson
from lms.asgi import application, sockets
from tests.emotion.factories import make_session, open_gate
from tests.factories import PASSWORD, enroll, make_admin, make_course, make_instructor, make_user

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


@pytest.mark.parametrize("make", [make_instructor, make_admin])
def test_a_token_from_before_the_operators_word_opens_nothing_either(client, required, make):
    teacher = make()
    course = make_course(instructor=teacher)
    headers = {"Authorization": f"Bearer {make_token(user=teacher, name='script', expires_at=None)[1]}"}
    for path in ("/api/v1/me/", f"/api/v1/courses/{course.pk}/gradebook/"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"detail": "Set up two-step sign-in first."})
    Authenticator.objects.create(user=teacher, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    assert client.get("/api/v1/me/", headers=headers).status_code == 200


def test_a_students_token_is_asked_for_nothing(client, required, django_assert_num_queries):
    headers = {"Authorization": f"Bearer {make_token(user=make_user(), name='script', expires_at=None)[1]}"}
    assert client.get("/api/v1/me/", headers=headers).status_code == 200
    with django_assert_num_queries(1):  # the token with its person, as without the operator's word
        client.get("/api/v1/me/", headers=headers)


def first_words(client, path: str) -> dict:
    """What a socket on the whole stack says first after it is open, or how it is closed."""
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.session.session_key}".encode()
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie)]
    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}

    async def ask() -> dict:
        socket = ApplicationCommunicator(application, scope)
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output(5))["type"] == "websocket.accept"
        said = await socket.receive_output(5)
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait([socket.future], timeout=5)
        return json.loads(said["text"]) if said["type"] == "websocket.send" else said

    return async_to_sync(ask)()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pattern", sockets, ids=[str(socket.pattern) for socket in sockets])
def test_every_socket_is_closed_to_staff_until_it_is_set_up(client, required, pattern):
    open_gate()
    ines = make_instructor()
    course = make_course(instructor=ines)
    other = make_course(instructor=make_instructor("ivan"))
    enroll(ines, other)
    session = make_session(ines, Lesson.objects.for_course(other).first())
    path = "/" + str(pattern.pattern).replace("<uuid:session_id>", str(session.pk)).replace(
        "<int:course_id>", str(course.pk)
    )
    sign_in(client, ines)
    said = first_words(client, path)
    assert said == {"type": "websocket.close", "code": 4401, "reason": "Set up two-step sign-in first."}
    set_up(client)
    assert first_words(client, path) in ({"type": "ready"}, {"unread": 0})


@pytest.mark.django_db(transaction=True)
def test_a_students_socket_is_asked_for_nothing(client, required):
    sign_in(client, make_user("alice"))
    assert first_words(client, "/ws/notifications/") == {"unread": 0}
