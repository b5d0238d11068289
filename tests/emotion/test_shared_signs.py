"""What a student shares may say that they need help; what they do not share says nothing."""

import pytest
from pytest_django.asserts import assertContains

from accounts.models import AuditEntry
from courses.at_risk.selectors import at_risk
from courses.models import Outreach
from emotion.models import Consent
from emotion.shared_signs import is_rising
from tests.emotion.factories import make_bucket, make_session, open_gate
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    return make_course(lessons=4, instructor=make_instructor())


def grow_frustrated(user, course, *, share: bool) -> None:
    """In each lesson more of its ten windows looked frustrated."""
    enroll(user, course)
    for number, lesson in enumerate(course.modules.get().lessons.all()):
        session = make_session(user, lesson, share=share)
        make_bucket(session, frustrated=2 * number, engaged=10 - 2 * number)


def listed(course) -> dict[str, list[str]]:
    reader = course.enrollments.instructors().get().user
    return {
        str(each.enrollment.user): [sign.words for sign in each.signs]
        for each in at_risk(course, reader=reader).students
    }


def test_only_what_is_shared_is_told_and_each_look_is_noted(course):
    open_gate()
    alice, bob = make_user("alice"), make_user("bob")
    grow_frustrated(alice, course, share=True)
    grow_frustrated(bob, course, share=False)
    assert listed(course) == {
        "Alice": ["Looked more frustrated from lesson to lesson, over 4 of them; shared by the student"]
    }
    [entry] = AuditEntry.objects.filter(action="history_viewed")
    assert entry in AuditEntry.objects.of(alice)
    assert entry not in AuditEntry.objects.of(bob)


def test_a_page_about_one_student_is_a_look_at_that_one_alone_and_writes_nothing_of_it_down(client, course):
    open_gate()
    alice, bob = make_user("alice"), make_user("bob")
    for user in (alice, bob):
        grow_frustrated(user, course, share=True)
    client.force_login(course.enrollments.instructors().get().user)
    address = f"/people/{course.enrollments.get(user=alice).pk}/reach-out/"
    assertContains(client.get(address), "Looked more frustrated")
    client.post(address, {"kind": "message", "words": "How is it going?"})
    viewed = AuditEntry.objects.filter(action="history_viewed")
    assert set(viewed) <= set(AuditEntry.objects.of(alice)) and viewed.count() == 2
    assert Outreach.objects.get().because == []  # what she shares she may take back


def test_who_has_left_the_course_is_not_looked_at(course):
    open_gate()
    alice = make_user("alice")
    grow_frustrated(alice, course, share=True)
    course.enrollments.filter(user=alice).update(status="withdrawn")
    assert listed(course) == {}
    assert not AuditEntry.objects.filter(action="history_viewed").exists()


def test_the_list_is_the_same_whatever_a_student_keeps_to_themselves(course):
    open_gate()
    before = listed(course)
    grow_frustrated(make_user("bob"), course, share=False)
    assert listed(course) == before == {}


def test_who_shares_no_more_is_told_no_more(course):
    open_gate()
    grow_frustrated(make_user("alice"), course, share=True)
    Consent.objects.update(share_with_instructor=False)
    assert listed(course) == {}


def test_with_the_features_off_nothing_is_told(course):
    grow_frustrated(make_user("alice"), course, share=True)
    assert listed(course) == {}
    assert not AuditEntry.objects.filter(action="history_viewed").exists()


@pytest.mark.parametrize(
    ("shares", "rising"),
    [
        ((0.1, 0.2, 0.3, 0.4), True),
        ((0.4, 0.1, 0.2, 0.3, 0.4), True),
        ((0.1, 0.2, 0.3), False),
        ((0.1, 0.2, 0.2, 0.4), False),
    ],
)
def test_rising_is_from_each_lesson_to_the_next(shares, rising):
    assert is_rising(shares) is rising
