"""The page that turns the features on and off, and what is left when they are off: self-report, and nothing else."""

import json
import re

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEntry
from courses.models import Lesson
from emotion.gate import close_gate
from emotion.models import FeatureGate, SelfReport
from emotion.policy import features_are_on
from emotion.routing import websocket_urlpatterns
from emotion.self_reports import class_said
from tests.courses.world import routes
from tests.emotion.factories import make_session, open_gate
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

PAGE = "/admin/emotion/featuregate/"
US_SCHOOL = {"jurisdiction": "united-states", "institution": "education", "purpose": "education"}


@pytest.fixture
def admin(client):
    admin = make_admin()
    client.force_login(admin)
    return admin


def test_a_new_installation_is_off_and_says_what_there_is_to_know(client, admin):
    page = client.get(PAGE)
    assertContains(page, "The emotion features are off")
    for law in ("Article 5(1)(f)", "2 February 2025", "Consent does not lift it", "Article 9", "FERPA", "COPPA"):
        assertContains(page, law)
    assert not re.search('<option value="[^"]+" selected', page.content.decode())  # nothing is chosen beforehand
    assertNotContains(page, " checked")


def test_an_administrator_states_a_use_and_turns_them_on_and_off(client, admin):
    page = client.post(PAGE, {**US_SCHOOL, "acknowledged": "on", "state": "yes"}, follow=True)
    assertContains(page, "The emotion features are on, for what you have stated.")
    assertContains(page, "United States · An education institution: school, university, training provider")
    assert features_are_on()
    gate = FeatureGate.objects.get()
    assert (gate.by, gate.notice) == (admin, "2026-11")
    page = client.post(PAGE, {"close": "yes"}, follow=True)
    assertContains(page, "The emotion features are off")
    assert not features_are_on()
    assert list(AuditEntry.objects.order_by("number").values_list("action", "actor")) == [
        ("gate_stated", admin.pseudonym.name),
        ("gate_closed", admin.pseudonym.name),
    ]


@pytest.mark.parametrize("left_out", ["acknowledged", "jurisdiction", "institution", "purpose"])
def test_what_is_not_stated_or_acknowledged_turns_nothing_on(client, admin, left_out):
    stated = {**US_SCHOOL, "acknowledged": "on", "state": "yes"}
    del stated[left_out]
    assert client.post(PAGE, stated).status_code == 422
    assert not features_are_on()


def test_a_school_in_the_european_union_is_told_why_not(client, admin):
    eu = {**US_SCHOOL, "jurisdiction": "european-union", "acknowledged": "on", "state": "yes"}
    page = client.post(PAGE, eu)
    assertContains(page, "consent does not lift it. (Regulation (EU) 2024/1689, Article 5(1)(f))", status_code=422)
    assert not FeatureGate.objects.exists()


def test_the_page_is_for_administrators_alone(client):
    for user in (make_instructor(), make_user("alice")):
        client.force_login(user)
        client.post(PAGE, {**US_SCHOOL, "acknowledged": "on", "state": "yes"})
        assert "Article 5(1)(f)" not in client.get(PAGE, follow=True).content.decode()
    assert not features_are_on()


def test_turning_them_off_stops_every_open_camera(session, told, store, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        close_gate()
        close_gate()
    session.refresh_from_db()
    assert session.ended_at is not None
    assert told[str(session.pk)] == [{"type": "closed", "message": "The emotion features are turned off here."}]
    assert AuditEntry.objects.filter(action="gate_closed").count() == 1


# With the features off

# What students say of themselves, what it leads to, and the rules by which it does.
SELF_REPORT = (
    {"emotion:support", "emotion:said", "emotion:said-chart"}
    | {f"emotion:{name}" for name in ("rules", "rules-chart", "rule", "new-rule", "adopt-rules")}
    | {"emotion-api:self-reports", "emotion-api:behaviour"}
    | {f"emotion-api:support-{name}" for name in ("response", "question", "reason", "preference")}
)


@pytest.fixture
def off(alice, lesson):
    """Alice's course, with a session of hers from when the features were on."""
    session = make_session(alice, lesson)
    close_gate()
    return session


def test_no_address_of_emotion_answers_but_self_report(client, off, lesson, alice, ines):
    client.raise_request_exception = False
    known = {"pk": lesson.pk, "lesson_id": lesson.pk, "slug": lesson.course.slug, "course_id": lesson.course.pk}
    known |= {
        "session_id": off.pk,
        "sequence": 1,
        "sha256": "0" * 64,
        "event_id": 1,
        "user_id": alice.pk,
        "token": "no-such-token",
        "form": "csv",
    }
    found = {name: arguments for name, arguments in routes() if name.startswith(("emotion:", "emotion-api:"))}
    assert set(found) > SELF_REPORT
    for user in (alice, ines, make_admin()):
        client.force_login(user)
        for name in set(found) - SELF_REPORT:
            address = reverse(name, kwargs={argument: known[argument] for argument in found[name]})
            statuses = {client.get(address).status_code, client.post(address).status_code}
            assert statuses in ({404}, {404, 405}), name  # 405 where the other method is the one that there is


@pytest.mark.parametrize(
    "path",
    [
        "js/webcam.js",
        "js/on_device.js",
        "js/on_device_choice.js",
        "js/on_device_worker.js",
        "js/on_device_picture.js",
        "vendor/onnxruntime-web/ort.wasm.bundle.min.mjs",
        "vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm.gz",
    ],
)
def test_no_code_of_the_camera_is_served(client, path):
    assert client.get(f"/static/{path}").status_code == 404
    open_gate()
    assert client.get(f"/static/{path}").status_code == 200
    close_gate()
    assert client.get(f"/static/{path}").status_code == 404


def test_other_files_are(client):
    assert client.get("/static/js/support.js").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_socket_is_refused_before_it_is_accepted(off):
    async def first_answer():
        scope = {"type": "websocket", "path": f"/ws/lesson-sessions/{off.pk}/", "headers": [], "user": off.user}
        socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)
        await socket.send_input({"type": "websocket.connect"})
        return (await socket.receive_output(3))["type"]

    assert async_to_sync(first_answer)() == "websocket.close"


def test_a_lesson_asks_how_it_is_and_offers_no_camera(client, off, lesson, alice):
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "data-support-ask")
    assertNotContains(page, "data-camera")
    said = client.post(
        reverse("emotion-api:self-reports", args=[lesson.pk]),
        json.dumps({"state": "confused"}),
        content_type="application/json",
    )
    assert said.status_code == 201
    assert SelfReport.objects.get().features is None


# What a class says


def says(lesson, number: int, state: str, block=None) -> None:
    student = make_user(f"student{number}")
    enroll(student, lesson.course)
    block = block or lesson.blocks.first()
    SelfReport.objects.create(user=student, lesson=lesson, state=state, block_number=block.pk, edition=lesson.edition)


def test_a_class_is_shown_from_five_students_up_and_five_at_a_time(lesson):
    shown = []
    for number in range(1, 11):
        says(lesson, number, "confused" if number % 2 else "engaged")
        shown.append(class_said(lesson)[0].answers)
    assert shown == [None] * 4 + [5] * 5 + [10]
    whole, first, second = class_said(lesson)
    assert (whole.states["confused"], whole.states["engaged"]) == (5, 5)
    assert (first.answers, second.answers) == (10, None)


def test_one_more_answer_of_somebody_counted_changes_nothing(lesson):
    for number in range(1, 6):
        says(lesson, number, "bored")
    before = class_said(lesson)
    first = SelfReport.objects.order_by("pk").first()
    SelfReport.objects.create(user=first.user, lesson=lesson, state="delighted", block_number=first.block_number)
    says(lesson, 6, "frustrated")
    assert class_said(lesson) == before


@pytest.mark.parametrize("features", ["on", "off"])
def test_the_page_of_those_who_teach(client, lesson, ines, features):
    if features == "off":
        close_gate()
    client.force_login(ines)
    page = reverse("emotion:said", args=[lesson.pk])
    assertContains(client.get(page), "Not enough students yet")
    for number in range(1, 6):
        says(lesson, number, "confused")
    assertContains(client.get(page), "From 5 answers")
    if features == "off":
        assertContains(client.get(lesson.course.get_absolute_url()), page)
    else:
        assertContains(client.get(reverse("emotion:climate", args=[lesson.pk])), page)


def test_nobody_elses_page(client, lesson, alice):
    other = make_instructor("ivo")
    make_course(instructor=other)
    for user in (alice, other, make_user("charlie")):
        client.force_login(user)
        assert client.get(reverse("emotion:said", args=[lesson.pk])).status_code == 404
    assert Lesson.objects.filter(pk=lesson.pk).exists()
