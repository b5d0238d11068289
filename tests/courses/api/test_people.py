"""Who takes a course, over REST: by code, words or invitation, and what its teachers do about it."""

import pytest
from pytest_django.asserts import assertNumQueries

from courses.models import Cohort, Course, Enrollment, Invitation
from tests.courses.enrollment.factories import make_cohort, make_invitation
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(course):
    return Enrollment.objects.get(course=course, user__email="alice@example.org")


def test_a_course_with_a_code_takes_who_has_it(ask, course):
    Course.objects.filter(pk=course.pk).update(enrollment="code", enrollment_code="rose-hips")
    assert ask("charlie", "post", f"courses/{course.pk}/enroll/")[0] == 409
    assert ask("charlie", "post", f"courses/{course.pk}/enroll/", {"code": "tulips"})[0] == 409
    status, row = ask("charlie", "post", f"courses/{course.pk}/enroll/", {"code": "ROSE HIPS"})
    assert (status, row["status"]) == (200, "active")


def test_asking_with_words_and_being_let_in(ask, course):
    Course.objects.filter(pk=course.pk).update(enrollment="approval")
    status, row = ask("charlie", "post", "enrollments/", {"course": course.pk, "words": "I love roses."})
    assert (status, row["status"], row["words"]) == (201, "requested", "I love roses.")
    answer = f"enrollments/{row['id']}/answer/"
    for who, expected in (("charlie", 403), ("alice", 404), ("otto", 404), ("anonymous", 403)):
        assert ask(who, "post", answer, {"accept": True})[0] == expected
    assert ask("ines", "post", answer, {"accept": False})[1]["status"] == "declined"
    assert ask("ines", "post", answer, {"accept": True})[1]["status"] == "active"


def test_an_invitation_opens_its_course(ask, course):
    Course.objects.filter(pk=course.pk).update(enrollment="invitation")
    assert ask("charlie", "post", "enrollments/", {"course": course.pk})[0] == 409
    invitation = make_invitation(course, role="observer", most_uses=1)
    assert ask("charlie", "post", "enrollments/", {"invitation": "x" * 32})[0] == 400
    assert ask("charlie", "post", "enrollments/", {})[0] == 400
    assert ask("charlie", "post", "enrollments/", {"invitation": invitation.token})[1]["role"] == "observer"
    assert ask("otto", "post", f"courses/{course.pk}/enroll/", {"invitation": invitation.token})[0] == 409


def test_roles_and_cohorts_are_given_by_those_who_teach(ask, course, alice):
    cohort = make_cohort(course)
    path = f"enrollments/{alice.pk}/"
    assert ask("ines", "patch", path, {"cohort": cohort.pk})[1]["cohort"] == cohort.pk
    answer = ask("ines", "patch", path, {"role": "assistant"})[1]
    assert (answer["role"], answer["cohort"]) == ("assistant", cohort.pk)
    elsewhere = make_cohort(Course.objects.exclude(pk=course.pk).get())
    assert ask("ines", "patch", path, {"cohort": elsewhere.pk})[0] == 400
    assert ask("alice", "patch", path, {"role": "instructor"})[0] == 403
    assert ask("otto", "patch", path, {"role": "student"})[0] == 404
    ines = Enrollment.objects.get(course=course, role="instructor")
    status, refusal = ask("ines", "patch", f"enrollments/{ines.pk}/", {"role": "student"})
    assert status == 409 and "needs someone who teaches" in refusal["detail"]
    assert [row["id"] for row in ask("ines", "get", "enrollments/", {"cohort": cohort.pk})[1]["results"]] == [alice.pk]


def test_those_who_teach_take_somebody_out(ask, alice):
    assert ask("otto", "delete", f"enrollments/{alice.pk}/")[0] == 404
    assert ask("ines", "delete", f"enrollments/{alice.pk}/")[0] == 204
    alice.refresh_from_db()
    assert alice.status == "withdrawn"


def test_assistants_look_and_change_nothing(ask, people, course, alice):
    enroll(people["charlie"], course, role="assistant")
    assert ask("charlie", "get", "enrollments/", {"course": course.pk})[1]["count"] == 3
    path = f"enrollments/{alice.pk}/"
    assert ask("charlie", "patch", path, {"role": "observer"})[0] == ask("charlie", "delete", path)[0] == 403
    assert ask("charlie", "post", f"{path}answer/", {"accept": True})[0] == 403


def test_cohorts(ask, course, alice):
    new = {"course": course.pk, "name": "Spring", "starts_on": "2031-03-01", "ends_on": "2031-06-01"}
    status, cohort = ask("ines", "post", "cohorts/", new)
    assert status == 201
    assert ask("ines", "post", "cohorts/", new) == (400, {"detail": ["This course has a cohort of that name."]})
    assert ask("ines", "post", "cohorts/", new | {"name": "Back", "ends_on": "2031-01-01"})[0] == 400
    assert ask("otto", "post", "cohorts/", new)[0] == 400
    assert ask("alice", "get", "cohorts/")[1]["count"] == 0
    Enrollment.objects.filter(pk=alice.pk).update(cohort=cohort["id"])
    assert ask("otto", "delete", f"cohorts/{cohort['id']}/")[0] == 404
    assert ask("ines", "delete", f"cohorts/{cohort['id']}/")[0] == 204
    alice.refresh_from_db()
    assert (alice.status, alice.cohort) == ("active", None)


def test_links_into_a_course(ask, course):
    status, made = ask("ines", "post", "invitations/", {"course": course.pk, "role": "assistant", "most_uses": 3})
    assert status == 201 and made["url"].startswith("http") and made["token"] in made["url"]
    assert Invitation.objects.get().made_by.email == "ines@example.org"
    assert ask("ines", "post", "invitations/", {"course": course.pk, "role": "instructor"})[0] == 400
    assert ask("ines", "post", "invitations/", {"course": course.pk, "expires_at": "2001-01-01T00:00Z"})[0] == 400
    assert ask("alice", "get", "invitations/")[1]["count"] == ask("otto", "get", "invitations/")[1]["count"] == 0
    assert ask("otto", "delete", f"invitations/{made['id']}/")[0] == 404
    assert ask("ines", "delete", f"invitations/{made['id']}/")[0] == 204
    assert Invitation.objects.get().revoked_at


def test_who_may_join_and_how_many(ask, course):
    path = f"courses/{course.pk}/joining/"
    answer = ask("ines", "patch", path, {"enrollment": "code"})[1]
    assert answer["enrollment"] == "code" and len(answer["enrollment_code"]) >= 6
    assert ask("ines", "patch", path, {"enrollment_code": "abc"})[0] == 400
    assert ask("ines", "patch", path, {"seats": 1})[1]["seats"] == 1
    assert (
        ask("charlie", "post", f"courses/{course.pk}/enroll/", {"code": answer["enrollment_code"]})[1]["status"]
        == "waiting"
    )
    assert ask("ines", "patch", path, {"seats": 2})[1]["moved_up"] == 1
    assert [ask(who, "get", path)[0] for who in ("anonymous", "alice", "otto", "ines")] == [403, 404, 404, 200]


def test_a_list_of_people_is_a_plan_first(ask, course):
    path, text = f"courses/{course.pk}/people/import/", "email,role\ncharlie@example.org,student\n"
    status, plan = ask("ines", "post", path, {"text": text})
    assert (status, plan["done"], plan["summary"]["enroll"]) == (200, False, 1)
    assert not Enrollment.objects.filter(user__email="charlie@example.org").exists()
    wrong = text + "charlie@example.org,king\n"
    status, plan = ask("ines", "post", path, {"text": wrong, "confirm": True})
    assert (status, plan["done"], bool(plan["lines"][1]["error"])) == (422, False, True)
    assert ask("ines", "post", path, {"text": text, "confirm": True})[1]["done"] is True
    assert Enrollment.objects.filter(course=course, user__email="charlie@example.org").exists()
    assert "text" in ask("ines", "post", path, {"text": "name\nBob"})[1]
    assert ask("otto", "post", path, {"text": text})[0] == 404


# Beside session and user: how many, and the page.
@pytest.mark.parametrize("name", ["cohorts", "invitations", "enrollments"])
def test_lists_cost_the_same_however_long(client, people, course, name):
    for number in range(5):
        cohort = make_cohort(course)
        make_invitation(course, cohort=cohort)
        Enrollment.objects.filter(pk=enroll(make_user(f"s{number}"), course).pk).update(cohort=cohort)
    assert Cohort.objects.count() == 5
    client.force_login(people["ines"])
    with assertNumQueries(4):
        assert len(client.get(f"/api/v1/{name}/").json()["results"]) >= 5
