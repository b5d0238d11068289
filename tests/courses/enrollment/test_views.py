from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.models import Enrollment, Invitation, Lesson, Progress, QuizAttempt
from tests.courses.enrollment.factories import make_cohort, make_invitation
from tests.factories import enroll, make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts_of_others():
    cache.clear()


@pytest.fixture
def course(ines):
    return make_course("Bread", instructor=ines)


def url(name, *args):
    return reverse(f"enrollment:{name}", args=args)


def test_a_wrong_code_is_said_beside_the_field_and_kept(client, course):
    alice = make_user("alice")
    client.force_login(alice)
    type(course).objects.update(enrollment="code", enrollment_code="abcd-2345")
    assertContains(client.get(course.get_absolute_url()), "Course code")
    enter = reverse("courses:enroll", args=[course.slug])
    page = client.post(enter, {"code": "wrong-one"})
    assertContains(page, "not the course&#x27;s code", status_code=422)
    assertContains(page, 'value="wrong-one"', status_code=422)
    assertContains(client.post(enter, {"code": "ABCD 2345"}, follow=True), "You are enrolled")


def test_somebody_who_waits_reads_their_place(client, course):
    type(course).objects.update(seats=0)
    for name in ("bob", "charlie"):
        client.force_login(make_user(name))
        client.post(reverse("courses:enroll", args=[course.slug]))
    client.force_login(make_user("alice"))
    page = client.post(reverse("courses:enroll", args=[course.slug]), follow=True)
    assertContains(page, "You are 3rd on the waiting list")
    assertContains(client.get("/home/"), "You are on the waiting list")
    lesson = Lesson.objects.first()
    assert client.get(lesson.get_absolute_url()).status_code == 302
    client.post(reverse("courses:leave", args=[course.slug]))
    assertNotContains(client.get(course.get_absolute_url()), "waiting list")


def test_a_request_and_its_answer(client, course, ines):
    alice = make_user("alice")
    type(course).objects.update(enrollment="approval")
    client.force_login(alice)
    page = client.post(reverse("courses:enroll", args=[course.slug]), {"words": "I bake."}, follow=True)
    assertContains(page, "Your request is with the instructor")
    request = Enrollment.objects.get(user=alice)
    assert client.post(url("answer", request.pk), {"answer": "accept"}).status_code == 404

    client.force_login(ines)
    assertContains(client.get(url("people", course.slug), {"status": "requested"}), "I bake.")
    client.post(url("answer", request.pk), {"answer": "decline"})
    client.force_login(alice)
    assertContains(client.get(course.get_absolute_url()), "was declined")


def test_a_link_is_looked_at_before_it_is_used(client, course):
    type(course).objects.update(enrollment="invitation")
    link = make_invitation(course, role="observer")
    address = link.get_absolute_url()
    assertContains(client.get(address), "Create an account to join")
    assert client.post(address).status_code == 200  # nobody is signed in, so nothing happens
    alice = make_user("alice")
    client.force_login(alice)
    client.get(address)
    assert not Enrollment.objects.filter(user=alice).exists()
    client.post(address)
    assert Enrollment.objects.get(user=alice).role == "observer"
    assert client.get(url("join", "no-such-token")).status_code == 404


def test_a_link_taken_back_says_so(client, course, ines):
    link = make_invitation(course)
    client.force_login(ines)
    assertContains(client.get(url("joining", course.slug)), link.get_absolute_url())
    client.post(url("revoke", link.pk))
    client.force_login(make_user("alice"))
    assertContains(client.get(link.get_absolute_url()), "was taken back", status_code=410)
    assertContains(client.post(link.get_absolute_url()), "was taken back", status_code=422)


def test_who_may_join_is_set_by_the_instructor(client, course, ines):
    client.force_login(ines)
    page = client.post(url("joining", course.slug), {"enrollment": "code", "enrollment_code": "abc", "seats": ""})
    assertContains(page, "Six letters", status_code=422)
    client.post(url("joining", course.slug), {"enrollment": "code", "enrollment_code": "", "seats": "3"})
    course.refresh_from_db()
    assert course.enrollment == "code" and len(course.enrollment_code) == 9 and course.seats == 3
    client.post(url("add-invitation", course.slug), {"link-role": "student", "link-most_uses": "2"})
    assert Invitation.objects.get().most_uses == 2
    client.post(url("add-cohort", course.slug), {"cohort-name": "Spring"})
    again = client.post(url("add-cohort", course.slug), {"cohort-name": "Spring"})
    assertContains(again, "has a cohort of that name", status_code=422)
    client.post(url("remove-cohort", course.cohorts.get().pk))
    assert not course.cohorts.exists()


def test_changing_and_removing_somebody(client, course, ines):
    alice = make_user("alice")
    mine, spring = enroll(alice, course), make_cohort(course, "Spring")
    client.force_login(ines)
    client.post(url("person", mine.pk), {"role": "assistant", "cohort": spring.pk})
    mine.refresh_from_db()
    assert (mine.role, mine.cohort) == ("assistant", spring)
    teaching = Enrollment.objects.get(user=ines)
    page = client.post(url("person", teaching.pk), {"role": "student", "cohort": ""})
    assertContains(page, "someone who teaches it", status_code=422)
    client.post(url("remove", mine.pk))
    mine.refresh_from_db()
    assert mine.status == "withdrawn"


def test_the_list_of_people_is_searched_and_costs_the_same_for_many(client, course, ines):
    spring = make_cohort(course, "Spring")
    for i in range(60):
        enroll(make_user(f"person{i:02}"), course)
    Enrollment.objects.filter(user__display_name="Person07").update(cohort=spring)
    client.force_login(ines)
    # session, user; course; teaches; lessons; how many; the rows; cohorts; counts; the bell
    with assertNumQueries(10):
        page = client.get(url("people", course.slug))
    assert len(page.context["page"].object_list) == 50
    assertContains(client.get(url("people", course.slug), {"page": 2}), "Person59")
    for asked in ({"q": "son07"}, {"cohort": spring.pk}, {"q": "person07@example"}):
        assert [row.user.display_name for row in client.get(url("people", course.slug), asked).context["page"]] == [
            "Person07"
        ]
    assert client.get(url("people", course.slug), {"cohort": "x", "role": "king", "page": "x"}).status_code == 200


def test_the_list_is_narrowed_to_how_far_people_came(client, course, ines):
    """In one lesson, and in the course: all of it that is published."""
    first, second = Lesson.objects.for_course(course).in_course_order()
    now = timezone.now()
    came = {"done": ((first, now), (second, now)), "half": ((first, now),), "began": ((second, None),), "new": ()}
    for name, lessons in came.items():
        user = make_user(name)
        enroll(user, course)
        seen = now - timedelta(days=8 if name == "began" else 1)
        for lesson, completed in lessons:
            Progress.objects.create(
                user=user, lesson=lesson, started_at=seen, last_seen_at=seen, completed_at=completed
            )
    client.force_login(ines)

    def found(**asked):
        return {str(row.user) for row in client.get(url("people", course.slug), asked).context["page"]}

    assert found(did="active") == {"Done", "Half"}
    assert found(did="began") == {"Done", "Half", "Began"}
    assert found(did="stopped") == {"Half", "Began"}
    assert found(did="completed") == {"Done"}
    assert found(did="completed", lesson=first.pk) == {"Done", "Half"}
    assert found(did="stopped", lesson=second.pk) == {"Began"}
    assert found(did="active", lesson=second.pk) == {"Done"}
    assert found(did="nonsense", lesson="x") == {"Done", "Half", "Began", "New", "Ines"}
    Lesson.objects.filter(pk=second.pk).update(status="draft")
    assert found(did="completed") == {"Done", "Half"}  # what nobody sees is not asked of them
    Lesson.objects.update(status="draft")
    assert found(did="completed") == set()


def test_how_far_somebody_came_is_not_told_to_assistants(client, course):
    """They see when somebody was last here, and may narrow the list to that."""
    anton, alice, bob = (make_user(name) for name in ("anton", "alice", "bob"))
    enroll(anton, course, role="assistant")
    lesson = Lesson.objects.first()
    for each in (alice, bob):
        enroll(each, course)
    now = timezone.now()
    Progress.objects.create(user=alice, lesson=lesson, started_at=now, completed_at=now)
    client.force_login(anton)
    page = client.get(url("people", course.slug), {"did": "completed", "lesson": lesson.pk})
    assert {str(row.user) for row in page.context["page"]} == {"Alice", "Bob", "Anton", "Ines"}
    assertNotContains(page, lesson.title)
    assert [str(row.user) for row in client.get(url("people", course.slug), {"did": "active"}).context["page"]] == [
        "Alice"
    ]


def test_an_assistant_looks_and_does_not_change(client, course):
    bob, alice = make_user("bob"), make_user("alice")
    enroll(bob, course, role="assistant")
    mine = enroll(alice, course)
    client.force_login(bob)
    page = client.get(url("people", course.slug))
    assertContains(page, "Alice")
    assertNotContains(page, url("person", mine.pk))
    for name, arg in (("person", mine.pk), ("joining", course.slug), ("import", course.slug)):
        assert client.get(url(name, arg)).status_code == 404


def test_an_import_is_planned_then_done(client, course, ines):
    from django.core.files.uploadedfile import SimpleUploadedFile

    alice = make_user("alice")
    client.force_login(ines)
    bad = SimpleUploadedFile("people.csv", b"email\nalice@example.org\nnobody\n")
    assertContains(client.post(url("import", course.slug), {"file": bad}), "1 line needs", status_code=422)
    good = SimpleUploadedFile("people.csv", b"email\nalice@example.org\n")
    page = client.post(url("import", course.slug), {"file": good})
    assertContains(page, "Is enrolled.")
    assert not Enrollment.objects.filter(user=alice).exists()
    sent = {"text": page.context["text"], "confirm": "yes"}
    assertContains(client.post(url("import", course.slug), sent, follow=True), "Done: 1 people.")
    assert Enrollment.objects.filter(user=alice, status="active").exists()
    assertContains(client.post(url("import", course.slug), {}), "Choose a file", status_code=422)


@pytest.mark.parametrize("role", ["observer", "assistant"])
def test_who_only_looks_leaves_no_trace(client, course, role):
    bob = make_user("bob")
    enroll(bob, course, role=role)
    quiz = make_quiz(lesson=Lesson.objects.first())
    client.force_login(bob)
    lesson = quiz.lesson
    assert client.get(lesson.get_absolute_url()).status_code == 200
    client.post(reverse("courses:progress", args=[lesson.pk]), {"block": lesson.blocks.first().pk})
    client.post(reverse("courses:complete", args=[lesson.pk]))
    answers = {f"q-{q}": c for q, c in right_answers(quiz).items()}
    assertContains(client.post(reverse("quizzes:submit", args=[quiz.pk]), answers), "A preview")
    assert not Progress.objects.exists() and not QuizAttempt.objects.exists()
    assertNotContains(client.get(lesson.get_absolute_url()), "data-progress-url")
    assertContains(client.get("/home/"), f"As {role}")
