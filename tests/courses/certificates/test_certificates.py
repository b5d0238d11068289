from decimal import Decimal

import cv2
import numpy as np
import pytest
from django.urls import reverse
from django.utils.translation import gettext, override
from fpdf import FPDF
from pytest_django.asserts import assertContains, assertNotContains

from courses import services as learning
from courses.assignments import services as assignments
from courses.certificates import services
from courses.certificates.paper import as_pdf, qr_code
from courses.gradebook.services import override_grade
from courses.models import Certificate, CertificateRule, Course, Lesson
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def course(ines) -> Course:
    course = make_course("Bread at home", lessons=2, blocks=1, instructor=ines, slug="bread")
    CertificateRule.objects.create(course=course, is_on=True, signatory="Ines Okafor")
    return course


@pytest.fixture
def alice(client, course):
    alice = make_user("alice", display_name="Zoë Ångström-Łukasz")
    enroll(alice, course)
    client.force_login(alice)
    return alice


def complete(user):
    for lesson in Lesson.objects.all():
        learning.complete_lesson(user=user, lesson=lesson)


def test_completing_the_last_lesson_gives_it_once(client, course, alice):
    assertContains(client.get(course.get_absolute_url()), "2 lessons")
    complete(alice)
    complete(alice)
    certificate = Certificate.objects.get()
    assert (certificate.name, certificate.title) == ("Zoë Ångström-Łukasz", "Bread at home")
    assertContains(client.get(course.get_absolute_url()), "Download it")
    assertContains(client.get(reverse("certificates:own")), "Bread at home")


def test_a_grade_can_be_asked_for_beside_the_lessons(client, course, alice, ines):
    CertificateRule.objects.update(lowest_percent=60)
    assignment = make_assignment(lesson=Lesson.objects.first())
    complete(alice)
    submission = make_submission(alice, assignment)
    assignments.mark_submission(submission=submission, marker=ines, points=5, levels={}, comment="")
    assignments.release_marks(assignment=assignment)
    assert not Certificate.objects.exists()
    assertContains(client.get(course.get_absolute_url()), "a total of 60%")
    override_grade(
        course=course, user=alice, key=f"assignment-{assignment.pk}", points=6, excused=False, reason="r", by=ines
    )
    assert Certificate.objects.get().percent == 60
    override_grade(
        course=course, user=alice, key=f"assignment-{assignment.pk}", points=0, excused=False, reason="r", by=ines
    )
    assert Certificate.objects.get().revoked_at is None, "what was given is not taken back by a later mark"


def test_released_marks_give_it(course, alice, ines):
    CertificateRule.objects.update(lowest_percent=60)
    assignment = make_assignment(lesson=Lesson.objects.first())
    complete(alice)
    submission = make_submission(alice, assignment)
    assignments.mark_submission(submission=submission, marker=ines, points=9, levels={}, comment="")
    assert not Certificate.objects.exists()
    assignments.release_marks(assignment=assignment)
    assert Certificate.objects.get().percent == 90


def test_without_the_rule_there_is_none_and_turning_it_on_gives_the_earned_ones(client, course, alice, ines):
    CertificateRule.objects.all().delete()
    complete(alice)
    assertNotContains(client.get(course.get_absolute_url()), "Your certificate<")
    client.force_login(ines)
    page = client.post(reverse("certificates:rule", args=["bread"]), {"is_on": "on"}, follow=True)
    assertContains(page, "1 of your students")
    assert Certificate.objects.get().user == alice


def test_teachers_and_those_who_left_get_none(course, alice, ines):
    learning.withdraw_student(user=alice, course=course)
    complete(alice)
    complete(ines)
    assert services.issue_if_earned(user=ines, course=course) is None
    assert not Certificate.objects.exists()


def test_anyone_can_verify_it_and_sees_no_address(client, course, alice):
    complete(alice)
    certificate = Certificate.objects.get()
    client.logout()
    page = client.get(f"/certificates/{certificate.code.lower()}/")
    assertContains(page, "This certificate holds.")
    assertContains(page, "Zoë Ångström-Łukasz")
    assertNotContains(page, "alice@example.org")
    assert page["X-Robots-Tag"] == "noindex"
    assertContains(client.get("/certificates/AAAA-BBBB-CCCC/"), "no certificate with this code", status_code=404)


def test_revoked_and_restored(client, course, alice, ines):
    complete(alice)
    certificate = Certificate.objects.get()
    revoke = reverse("certificates:revoke", args=[certificate.code])
    client.force_login(ines)
    assert client.post(revoke, {"reason": ""}).status_code == 422
    client.post(revoke, {"reason": "Copied work."})
    page = client.get(certificate.get_absolute_url())
    assertContains(page, "was revoked")
    assertNotContains(page, "Copied work.")
    complete(alice)
    assert services.issue_if_earned(user=alice, course=course) is None, "a revoked one is not given again"
    client.force_login(alice)
    assert client.get(reverse("certificates:paper", args=[certificate.code])).status_code == 404
    client.force_login(ines)
    client.post(revoke)
    assertContains(client.get(certificate.get_absolute_url()), "This certificate holds.")


def test_who_gets_the_paper_and_the_pages_behind_it(client, course, alice, ines):
    complete(alice)
    code = Certificate.objects.get().code
    bob = make_user("bob")
    enroll(bob, course)
    paper, rule, revoke = (
        reverse("certificates:paper", args=[code]),
        reverse("certificates:rule", args=["bread"]),
        reverse("certificates:revoke", args=[code]),
    )
    client.logout()
    for address in (paper, rule, revoke):
        assert client.get(address).url.startswith("/accounts/login/")
    for user, allowed in (
        (alice, {paper}),
        (ines, {paper, rule, revoke}),
        (bob, set()),
        (make_instructor("ivo"), set()),
    ):
        client.force_login(user)
        for address in (paper, rule, revoke):
            assert client.get(address).status_code == (200 if address in allowed else 404), (user, address)


@pytest.mark.parametrize("name", ["Zoë Ångström-Łukasz", "محمد الأمين", "A very long name indeed " * 6])
def test_the_paper_leads_to_its_page(course, alice, name):
    complete(alice)
    certificate = Certificate.objects.get()
    certificate.name = name
    certificate.code = "8NQB-JHJL-NYYG"  # of drawn ones, OpenCV cannot read one in a hundred, which a phone can
    address = f"https://lms.example{certificate.get_absolute_url()}"
    pdf = as_pdf(certificate, address=address)
    assert pdf.startswith(b"%PDF")
    assert address.encode() in pdf, "the printed address is a link"
    image = cv2.imdecode(np.frombuffer(qr_code(address).read(), np.uint8), cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == address


@pytest.mark.parametrize(("language", "words"), [("de", "Endnote 87,5"), ("ar", "87"), ("en", "Final grade 87.5")])
def test_the_paper_is_in_the_language_of_whoever_asks(course, alice, monkeypatch, language, words):
    complete(alice)
    certificate = Certificate.objects.get()
    certificate.percent = Decimal("87.5")
    said, draw = [], FPDF.cell
    monkeypatch.setattr(FPDF, "cell", lambda pdf, *place, **how: said.append(place[-1]) or draw(pdf, *place, **how))
    with override(language):
        pdf = as_pdf(certificate, address="https://lms.example/c/1/")
        expected = gettext("Certificate of completion")
    assert f"/Lang ({language})".encode() in pdf
    assert said[0] == expected
    assert (expected == "Certificate of completion") == (language == "en")
    assert any(words in each for each in said)


def test_it_is_exported_and_erased(course, alice):
    complete(alice)
    assert learning.export_learning(alice)["certificates"][0]["course"] == "Bread at home"
    learning.erase_learning(alice)
    assert not Certificate.objects.exists()
