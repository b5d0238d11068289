import datetime
import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from courses import services
from courses.enrollment import services as enrollment
from courses.models import Enrollment, Progress
from tests.courses.enrollment.factories import make_cohort, make_invitation
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts_of_others():
    cache.clear()


def people(*names):
    return [make_user(name) for name in names]


def join(user, course, **more):
    return services.enroll_student(user=user, course=course, **more).status


def states(course) -> dict[str, str]:
    return {e.user.display_name: e.status for e in course.enrollments.select_related("user")}


def test_a_code_opens_the_course_however_it_is_typed():
    alice, bob = people("alice", "bob")
    course = make_course(enrollment="code", enrollment_code="abcd-2345")
    with pytest.raises(services.WrongCode, match="not the course's code"):
        join(alice, course, code="abcd-9999")
    with pytest.raises(services.WrongCode, match="Type the code"):
        join(alice, course)
    assert not course.enrollments.exists()
    assert join(alice, course, code=" ABCD2345 ") == "active"
    assert join(bob, course, code="abcd-2345") == "active"


def test_codes_cannot_be_tried_one_after_the_other():
    alice, bob = people("alice", "bob")
    course = make_course(enrollment="code", enrollment_code="abcd-2345")
    for i in range(enrollment.WRONG_CODES):
        with pytest.raises(services.WrongCode):
            join(alice, course, code=f"guess-{i:03}")
    for i in range(40_000):  # other limits of the same cache, where there is no Redis, do not push this one out
        cache.set(f"another-limit:{i}", 1, 60)
    with pytest.raises(services.WrongCode, match="too many"):
        join(alice, course, code="abcd-2345")
    assert join(bob, course, code="abcd-2345") == "active"


def test_by_invitation_means_with_a_link():
    alice, bob, charlie = people("alice", "bob", "charlie")
    course = make_course(enrollment="invitation")
    with pytest.raises(services.CourseNotOpen, match="by invitation"):
        join(alice, course)
    link = make_invitation(course, role="assistant", cohort=make_cohort(course, "Spring"), most_uses=1)
    entered = services.enroll_student(user=alice, course=course, invitation=link)
    assert (entered.role, entered.status, entered.cohort.name) == ("assistant", "active", "Spring")
    assert join(alice, course, invitation=link) == "active"  # pressed twice: the same, and no second use
    with pytest.raises(services.CourseNotOpen, match="as often as"):
        join(bob, course, invitation=link)
    link.refresh_from_db()
    assert link.uses == 1

    elsewhere = make_invitation(make_course())
    with pytest.raises(services.CourseNotOpen, match="another course"):
        join(charlie, course, invitation=elsewhere)


@pytest.mark.parametrize("why", ["taken back", "run out", "another address"])
def test_an_invitation_that_does_not_work_says_why(why):
    alice = make_user("alice")
    course = make_course(enrollment="invitation")
    past = timezone.now() - datetime.timedelta(minutes=1)
    link = make_invitation(
        course, **{"taken back": {"revoked_at": past}, "run out": {"expires_at": past}}.get(why, {"email": "bob@x.org"})
    )
    with pytest.raises(services.CourseNotOpen, match=why):
        join(alice, course, invitation=link)
    assert not course.enrollments.exists()


def test_asking_being_declined_and_let_in_after_all():
    alice = make_user("alice")
    course = make_course(enrollment="approval")
    request = services.enroll_student(user=alice, course=course, words="I know Bob.")
    assert (request.status, request.words) == ("requested", "I know Bob.")
    assert not course.is_taken_by(alice)
    assert enrollment.answer_request(enrollment=request, accept=False).status == "declined"
    with pytest.raises(services.CourseNotOpen, match="declined"):
        join(alice, course)
    assert enrollment.answer_request(enrollment=request, accept=True).status == "active"
    assert enrollment.answer_request(enrollment=request, accept=False).status == "active"  # settled


def test_whoever_comes_late_waits_and_moves_up_in_order():
    alice, bob, charlie, dora = people("alice", "bob", "charlie", "dora")
    course = make_course(seats=1)
    assert [join(user, course) for user in (alice, bob, charlie)] == ["active", "waiting", "waiting"]
    places = [enrollment.place_in_line(e) for e in Enrollment.objects.waiting().for_course(course)]
    assert places == [1, 2]
    services.withdraw_student(user=alice, course=course)
    assert states(course) == {"Alice": "withdrawn", "Bob": "active", "Charlie": "waiting"}
    enrollment.set_joining(course=course, mode="open", code="", seats=2)
    assert states(course)["Charlie"] == "active"
    assert join(dora, course) == "waiting"
    services.withdraw_student(user=dora, course=course)
    enrollment.set_joining(course=course, mode="open", code="", seats=None)
    assert states(course)["Dora"] == "withdrawn"


def test_a_seat_that_is_free_goes_to_those_who_wait_not_to_a_newcomer():
    alice, bob, charlie = people("alice", "bob", "charlie")
    course = make_course(seats=1)
    join(alice, course), join(bob, course)
    Enrollment.objects.filter(user=alice).update(status="withdrawn")  # by a way that moves nobody up
    assert join(charlie, course) == "waiting"


@pytest.mark.parametrize("role", ["instructor", "assistant", "observer"])
def test_seats_are_for_students(role):
    alice, bob = people("alice", "bob")
    course = make_course(seats=1)
    enroll(alice, course, role=role)
    assert join(bob, course) == "active"


def test_who_is_erased_or_becomes_an_assistant_leaves_a_seat():
    alice, bob, charlie = people("alice", "bob", "charlie")
    course = make_course(seats=1)
    join(alice, course), join(bob, course), join(charlie, course)
    mine = Enrollment.objects.get(user=alice)
    enrollment.change_membership(enrollment=mine, role="assistant", cohort=None)
    assert states(course)["Bob"] == "active"
    services.erase_learning(bob)
    assert states(course) == {"Alice": "active", "Charlie": "active"}
    with pytest.raises(enrollment.NoSeat):
        enrollment.change_membership(enrollment=mine, role="student", cohort=None)


def test_a_course_keeps_somebody_who_teaches_it():
    ines, bob = make_instructor("ines"), make_user("bob")
    course = make_course(instructor=ines)
    teaching = Enrollment.objects.get(user=ines)
    with pytest.raises(enrollment.LastInstructor):
        enrollment.change_membership(enrollment=teaching, role="student", cohort=None)
    with pytest.raises(enrollment.LastInstructor):
        enrollment.remove_person(enrollment=teaching)
    enroll(bob, course, role="instructor")
    assert enrollment.remove_person(enrollment=teaching).status == "withdrawn"


def test_removing_keeps_what_was_learned():
    alice = make_user("alice")
    course = make_course()
    join(alice, course)
    services.record_lesson_progress(user=alice, lesson=course.modules.get().lessons.first())
    enrollment.remove_person(enrollment=Enrollment.objects.get(user=alice))
    assert not course.is_taken_by(alice)
    assert Progress.objects.filter(user=alice).exists()


def test_another_courses_cohort_is_refused():
    alice = make_user("alice")
    course, other = make_course(), make_course()
    mine = enroll(alice, course)
    with pytest.raises(ValueError, match="another course"):
        enrollment.change_membership(enrollment=mine, role="student", cohort=make_cohort(other))


def test_for_cohort_limits_and_without_one_does_not():
    alice, bob = people("alice", "bob")
    course = make_course()
    spring = make_cohort(course, "Spring")
    mine, other = enroll(alice, course), enroll(bob, course)
    Enrollment.objects.filter(pk=mine.pk).update(cohort=spring)
    assert list(Enrollment.objects.for_cohort(spring)) == [mine]
    assert set(Enrollment.objects.for_cohort(None)) == {mine, other}


def test_the_export_tells_of_cohort_and_words():
    alice = make_user("alice")
    course = make_course(enrollment="approval")
    services.enroll_student(user=alice, course=course, words="Please.")
    [mine] = services.export_learning(alice)["enrollments"]
    assert (mine["status"], mine["words"], mine["cohort"]) == ("requested", "Please.", None)


def race(course, users) -> list[str]:
    """Everybody presses at the same moment, each on a connection of their own."""
    start, ended, errors = threading.Barrier(len(users)), [], []

    def press(user) -> None:
        try:
            start.wait(10)
            ended.append(services.enroll_student(user=user, course=course).status)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    return sorted(ended)


@pytest.mark.django_db(transaction=True)
def test_the_last_seat_goes_to_one():
    course = make_course(seats=1)
    assert race(course, [make_user(f"racer{i}") for i in range(6)]) == ["active"] + ["waiting"] * 5
    queue = list(Enrollment.objects.waiting().for_course(course))
    assert [enrollment.place_in_line(e) for e in queue] == [1, 2, 3, 4, 5]
