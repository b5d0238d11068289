"""A course taken, marked and talked about through the API alone."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import Announcement, Certificate, Lesson, Notification, QuizAttempt
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.factories import enroll, make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_throttle_of_another_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def alice(course):
    alice = make_user("alice")
    enroll(alice, course)
    return alice


@pytest.fixture
def course(ines):
    return make_course("Bread", lessons=1, instructor=ines)


@pytest.fixture
def lesson(course):
    return Lesson.objects.get()


@pytest.fixture
def ask(client):
    """ask(user, "post", "threads/", data) -> (status, JSON)"""

    def ask(user, method: str, path: str, data=None):
        client.logout()
        if user:
            client.force_login(user)
        if method == "get":
            answer = client.get(f"/api/v1/{path}", data or {})
        else:
            answer = getattr(client, method)(f"/api/v1/{path}", json.dumps(data or {}), "application/json")
        return answer.status_code, answer.json() if answer.content else None

    return ask


def test_a_quiz_from_its_first_answer_to_its_result(ask, alice, lesson):
    quiz = make_quiz(lesson=lesson)
    status, shown = ask(alice, "get", f"quizzes/{quiz.pk}/")
    assert (status, shown["state"], len(shown["questions"])) == (200, "form", 2)
    assert {row["right"] for question in shown["questions"] for row in question["choices"]} == {None}
    names = {question["id"]: question["name"] for question in shown["questions"]}
    right = {names[pk]: [str(choice) for choice in chosen] for pk, chosen in right_answers(quiz).items()}
    first, second = right

    status, saved = ask(
        alice, "post", f"quizzes/{quiz.pk}/answers/", {"number": shown["number"], "answers": {first: right[first]}}
    )
    assert status == 200
    assert saved["saved_at"]
    status, told = ask(alice, "post", f"quizzes/{quiz.pk}/submit/", {"number": shown["number"], "answers": {}})
    assert (status, told["questions"]) == (422, [pk for pk, name in names.items() if name == second])

    sent = {"number": shown["number"], "answers": {second: right[second]}}
    status, result = ask(alice, "post", f"quizzes/{quiz.pk}/submit/", sent)
    assert (status, result["attempt"]["score_percent"], result["attempt"]["passed"]) == (200, 100, True)
    assert all(row["right"] == row["picked"] for question in result["questions"] for row in question["choices"])
    # Handed in twice is handed in once.
    assert ask(alice, "post", f"quizzes/{quiz.pk}/submit/", sent)[1]["attempt"] == result["attempt"]
    assert QuizAttempt.objects.count() == 1
    listed = ask(alice, "get", "quiz-attempts/", {"quiz": quiz.pk})[1]["results"]
    assert [row["id"] for row in listed] == [result["attempt"]["id"]]


def test_limits_hold_and_the_key_stays_hidden(ask, alice, ines, lesson):
    quiz = make_quiz(lesson=lesson)
    quiz.attempt_limit, quiz.show_answers = 1, "never"
    quiz.save()
    assert ask(alice, "post", f"quizzes/{quiz.pk}/answers/", {"number": 1, "answers": {}})[0] == 409
    assert ask(alice, "post", f"quizzes/{quiz.pk}/begin/")[1]["state"] == "form"
    status, result = ask(alice, "post", f"quizzes/{quiz.pk}/submit/", {"number": 1, "answers": {}, "anyway": True})
    assert status == 200
    assert {row["right"] for question in result["questions"] for row in question["choices"]} == {None}
    status, told = ask(alice, "post", f"quizzes/{quiz.pk}/begin/")
    assert (status, told["detail"]) == (409, "You have used all your attempts at this quiz.")
    # Whoever teaches it sees a preview, and leaves nothing there.
    assert ask(ines, "get", f"quizzes/{quiz.pk}/")[1]["preview"] is True
    assert ask(ines, "post", f"quizzes/{quiz.pk}/begin/")[0] == 403
    bob = make_user("bob")
    assert ask(bob, "get", f"quizzes/{quiz.pk}/")[0] == 404
    assert ask(bob, "get", f"quiz-attempts/{result['attempt']['id']}/")[0] == 404


def test_work_is_handed_in_marked_and_seen_once_it_is_released(ask, client, alice, ines, lesson):
    assignment = make_assignment(lesson=lesson)
    path = f"assignments/{assignment.pk}"
    assert ask(alice, "post", f"{path}/hand_in/")[0] == 409
    assert ask(alice, "post", f"{path}/draft/", {"text": "My essay"})[1]["text"] == "My essay"
    client.force_login(alice)
    essay = SimpleUploadedFile("essay.txt", b"It rose.")
    kept = client.post(f"/api/v1/{path}/files/", {"file": essay})
    assert (kept.status_code, kept.json()["name"]) == (201, "essay.txt")
    refused = client.post(f"/api/v1/{path}/files/", {"file": SimpleUploadedFile("run.exe", b"MZ")})
    assert (refused.status_code, refused.json()["detail"][:5]) == (409, "Files")
    status, mine = ask(alice, "post", f"{path}/hand_in/")
    assert (status, mine["text"], len(mine["files"])) == (200, "My essay", 1)

    [waiting] = ask(ines, "get", "submissions/", {"to_mark": "true"})[1]["results"]
    assert waiting["id"] == mine["id"]
    assert ask(ines, "post", f"submissions/{mine['id']}/mark/", {"points": 1_000})[0] == 409
    assert (
        ask(ines, "post", f"submissions/{mine['id']}/mark/", {"points": 8, "comment": "Airy"})[1]["mark"]["points"] == 8
    )
    assert ask(alice, "get", f"submissions/{mine['id']}/")[1]["mark"] is None
    assert ask(alice, "post", f"{path}/release/")[0] == 403
    assert ask(ines, "post", f"{path}/release/")[1] == {"released": 1}
    assert ask(alice, "get", f"submissions/{mine['id']}/")[1]["mark"]["comment"] == "Airy"


def test_two_who_mark_at_once_notice_each_other(ask, alice, ines, course, lesson):
    anton = make_user("anton")
    enroll(anton, course, role="assistant")
    path = f"submissions/{make_submission(alice, make_assignment(lesson=lesson)).pk}"
    assert ask(ines, "get", f"{path}/")[1]["mark"] is None
    assert ask(anton, "post", f"{path}/mark/", {"points": 4})[0] == 200
    status, told = ask(ines, "post", f"{path}/mark/", {"points": 7})
    assert (status, told["detail"][:46]) == (409, "Anton marked this meanwhile, with 4 points. Ke")
    theirs = ask(ines, "get", f"{path}/")[1]["mark"]
    assert (theirs["points"], theirs["version"]) == (4, told["version"])
    assert ask(ines, "post", f"{path}/mark/", {"points": 7, "over": told["version"]})[1]["mark"]["points"] == 7
    assert ask(ines, "post", f"{path}/mark/", {"points": 8})[0] == 200  # over one's own there is nobody to ask
    assert ask(anton, "post", f"{path}/mark/", {"points": 5, "over": theirs["version"]})[0] == 409


def test_a_draft_is_its_writers_alone(ask, alice, ines, lesson):
    assignment = make_assignment(lesson=lesson)
    draft = ask(alice, "post", f"assignments/{assignment.pk}/draft/", {"text": "Not yet"})[1]
    assert ask(ines, "get", f"submissions/{draft['id']}/")[0] == 404
    assert ask(ines, "post", f"submissions/{draft['id']}/mark/", {"points": 1})[0] == 404


def test_the_grades_are_those_of_the_pages(ask, client, alice, ines, course, lesson):
    quiz = make_quiz(lesson=lesson)
    ask(alice, "post", f"quizzes/{quiz.pk}/submit/", {"number": 1, "answers": {}, "anyway": True})
    status, own = ask(alice, "get", f"courses/{course.pk}/grades/")
    assert (status, own["grades"]["total"], own["items"][0]["key"]) == (200, 0.0, f"quiz-{quiz.pk}")
    listed = ask(ines, "get", f"courses/{course.pk}/gradebook/")[1]
    assert (listed["count"], listed["results"]) == (1, [own["grades"]])
    assert ask(alice, "get", f"courses/{course.pk}/gradebook/")[0] == 404


def test_a_question_is_asked_answered_accepted_and_hidden(ask, alice, ines, lesson):
    status, thread = ask(
        alice, "post", "threads/", {"lesson": lesson.pk, "title": "Why yeast?", "body": "I **wonder**."}
    )
    assert (status, thread["title"], thread["replies"]) == (201, "Why yeast?", 0)
    status, reply = ask(ines, "post", "posts/", {"thread": thread["id"], "body": "It makes air."})
    assert (status, reply["html"]) == (201, "<p>It makes air.</p>\n")
    assert ask(alice, "post", f"posts/{reply['id']}/act/", {"action": "accept"})[0] == 200
    assert ask(alice, "get", f"threads/{thread['id']}/")[1]["accepted"] == reply["id"]
    assert ask(alice, "post", f"posts/{reply['id']}/act/", {"action": "endorse"})[0] == 403
    assert ask(alice, "patch", f"posts/{reply['id']}/", {"body": "No."})[0] == 403
    # Hidden, its words are gone for others, and stay for its author and the team.
    bob = make_user("bob")
    enroll(bob, lesson.course)
    second = ask(bob, "post", "posts/", {"thread": thread["id"], "body": "Rude words"})[1]
    assert ask(ines, "post", f"posts/{second['id']}/hide/", {"reason": "Be kind"})[0] == 200
    assert ask(alice, "get", f"posts/{second['id']}/")[1]["body"] == ""
    assert ask(bob, "get", f"posts/{second['id']}/")[1]["body"] == "Rude words"
    assert ask(ines, "post", f"threads/{thread['id']}/moderate/", {"action": "lock"})[1]["is_locked"] is True
    assert ask(bob, "post", "posts/", {"thread": thread["id"], "body": "More"})[0] == 409
    assert ask(bob, "delete", f"posts/{second['id']}/")[0] == 204


def test_too_many_posts_are_429(ask, alice, lesson):
    thread = make_thread(alice, lesson)
    answers = [ask(alice, "post", "posts/", {"thread": thread.pk, "body": f"Word {n}"})[0] for n in range(11)]
    assert (answers[0], answers[-1]) == (201, 429)


def test_notifications_are_read_and_their_mail_is_chosen(ask, alice):
    for n in range(3):
        Notification.objects.create(
            user=alice, kind="reply", title=f"{n}", url="/", key=f"{n}", mail="off", mail_after=timezone.now()
        )
    listed = ask(alice, "get", "notifications/", {"unread": "true"})[1]
    assert [row["title"] for row in listed["results"]] == ["2", "1", "0"]
    assert ask(alice, "post", f"notifications/{listed['results'][0]['id']}/read/")[1]["read_at"]
    assert ask(alice, "post", "notifications/read_all/")[1] == {"read": 2}
    assert ask(alice, "patch", "notification-preferences/", {"reply": "off"})[1]["reply"] == "off"
    assert ask(alice, "patch", "notification-preferences/", {"reply": "by pigeon"})[0] == 400


def test_an_announcement_reaches_the_course(ask, alice, ines, course):
    status, said = ask(ines, "post", "announcements/", {"course": course.pk, "title": "Hello", "body": "All"})
    assert (status, said["sent_count"]) == (201, 1)
    assert [row["title"] for row in ask(alice, "get", "announcements/")[1]["results"]] == ["Hello"]
    later = (timezone.now() + timedelta(days=1)).isoformat()
    planned = ask(ines, "post", "announcements/", {"course": course.pk, "title": "L", "body": "b", "publish_at": later})
    assert planned[1]["sent_at"] is None
    assert len(ask(alice, "get", "announcements/")[1]["results"]) == 1
    assert ask(alice, "post", "announcements/", {"course": course.pk, "title": "Me", "body": "too"})[0] == 400
    assert Announcement.objects.count() == 2


def test_what_is_due_is_found_and_certified(ask, alice, lesson, course):
    assignment = make_assignment(lesson=lesson)
    assignment.due_at = timezone.now() + timedelta(days=2)
    assignment.save()
    [due] = ask(alice, "get", "deadlines/")[1]["results"]
    assert (due["course"], due["source"]) == (course.pk, "assignments")
    found = ask(alice, "get", "search/", {"q": course.title})[1]
    assert found["hits"][0]["url"] == course.get_absolute_url()
    assert ask(alice, "get", "search/", {"page": "0"})[0] == 400
    certificate = Certificate.objects.create(user=alice, course=course, name="Alice", title="Bread")
    assert ask(alice, "get", "certificates/")[1]["results"][0]["code"] == certificate.code
    assert ask(None, "get", f"verify/{certificate.code.lower()}/")[1]["holds"] is True
    assert ask(None, "get", "verify/AAAA-BBBB-CCCC/")[0] == 404


@pytest.mark.parametrize(
    "path", ["quizzes/", "quiz-attempts/", "assignments/", "submissions/", "threads/", "posts/", "notifications/"]
)
def test_a_list_costs_the_same_for_many_rows(ask, client, alice, ines, lesson, path):
    def more() -> None:
        student = make_user(f"s{QuizAttempt.objects.count()}")
        enroll(student, lesson.course)
        quiz = make_quiz(lesson=lesson)
        for user in (alice, ines):
            QuizAttempt.objects.create(
                user=user, quiz=quiz, submitted_at=timezone.now(), points=1, max_points=2, score_percent=50
            )
            key = f"{Notification.objects.count()}"
            Notification.objects.create(
                user=user, kind="reply", title="T", url="/", key=key, mail="off", mail_after=timezone.now()
            )
        make_submission(student, make_assignment(lesson=lesson))
        make_thread(student, lesson)

    more()
    client.force_login(ines)
    client.get(f"/api/v1/{path}")  # the session's own first times
    with CaptureQueriesContext(connection) as few:
        assert len(client.get(f"/api/v1/{path}").json()["results"]) >= 1
    for _ in range(3):
        more()
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(f"/api/v1/{path}").json()["results"]) >= 4
    assert len(many) == len(few)
