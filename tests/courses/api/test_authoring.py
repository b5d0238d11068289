"""Quizzes, pools, what single students get, and the way back to what a lesson said, written over REST."""

import pytest
from pytest_django.asserts import assertNumQueries

from courses.models import (
    Block,
    Lesson,
    LessonRevision,
    Mark,
    Question,
    QuestionPool,
    QuizAccommodation,
    QuizAttempt,
    QuizDraw,
)
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.factories import make_course, make_quiz

pytestmark = pytest.mark.django_db
OTHERS = (("anonymous", 403), ("charlie", 404), ("alice", 404), ("otto", 404))


@pytest.fixture
def lesson(course):
    return Lesson.objects.for_course(course).published().get()


@pytest.fixture
def quiz(lesson):
    return make_quiz(lesson=lesson)


def test_a_quizs_limits(ask, quiz):
    path = f"quizzes/{quiz.pk}/"
    status, kept = ask("ines", "patch", path, {"minutes": 10, "closes_at": "2031-01-01T00:00:00Z"})
    assert (status, kept["minutes"], kept["pass_percent"]) == (200, 10, 70)
    quiz.refresh_from_db()
    assert quiz.closes_at.year == 2031
    assert ask("ines", "patch", path, {"pass_percent": 101})[0] == 400
    assert ask("ines", "patch", path, {"opens_at": "2032-01-01T00:00:00Z"})[0] == 400
    assert [ask(who, "patch", path, {"minutes": 1})[0] for who in ("alice", "otto", "anonymous")] == [403, 404, 403]


def test_a_question_is_begun_written_and_taken_out(ask, quiz):
    status, begun = ask("ines", "post", "questions/", {"quiz": quiz.pk, "kind": "single"})
    assert (status, begun["position"], bool(begun["missing"])) == (201, 3, True)
    path = f"questions/{begun['id']}/"
    written = {"prompt": "First?", "points": 2, "choices": [{"text": "Water", "is_correct": True}, {"text": "Milk"}]}
    status, answer = ask("ines", "patch", path, written)
    assert (status, answer["missing"], [row["text"] for row in answer["choices"]]) == (200, "", ["Water", "Milk"])
    assert len(ask("ines", "patch", path, {"points": 3})[1]["choices"]) == 2
    milk = answer["choices"][1] | {"text": "Oat milk"}
    assert ask("ines", "patch", path, {"choices": [milk]})[1]["choices"] == [milk]
    assert ask("ines", "patch", path, {"points": 0})[0] == 400
    for who, expected in OTHERS:
        assert ask(who, "patch", path, {"prompt": "Mine"})[0] == ask(who, "delete", path)[0] == expected
    assert ask("otto", "post", "questions/", {"quiz": quiz.pk, "kind": "single"})[0] == 400
    assert ask("ines", "delete", path)[0] == 204
    QuizAttempt.objects.create(user=quiz.course.enrollments.students().get().user, quiz=quiz)
    assert ask("ines", "delete", f"questions/{quiz.questions.first().pk}/")[0] == 409


def test_questions_change_places(ask, quiz):
    first, second = quiz.questions.all()
    path = f"questions/{second.pk}/move/"
    assert [ask(who, "post", path, {"before": first.pk})[0] for who, _ in OTHERS] == [status for _, status in OTHERS]
    assert ask("ines", "post", path, {"before": first.pk})[1]["position"] == 1
    assert list(quiz.questions.all()) == [second, first]


def test_a_number_with_its_tolerance(ask, quiz):
    path = f"questions/{ask('ines', 'post', 'questions/', {'quiz': quiz.pk, 'kind': 'numeric'})[1]['id']}/"
    written = ask("ines", "patch", path, {"prompt": "Minutes?", "number": 2.5, "tolerance": 0.25})[1]
    assert (written["number"], written["tolerance"], written["missing"]) == (2.5, 0.25, "")
    assert ask("ines", "patch", path, {"number": None})[1]["missing"]


def test_pools_and_what_is_drawn_from_them(ask, people, course, quiz):
    status, pool = ask("ines", "post", "question-pools/", {"course": course.pk, "title": "Roses"})
    assert status == 201
    assert "title" in ask("ines", "post", "question-pools/", {"course": course.pk, "title": "Roses"})[1]
    assert ask("ines", "patch", f"question-pools/{pool['id']}/", {"title": "Roses, wild"})[1]["title"] == "Roses, wild"
    assert ask("otto", "patch", f"question-pools/{pool['id']}/", {"title": "Mine"})[0] == 404
    assert ask("ines", "post", "questions/", {"pool": pool["id"], "kind": "text"})[0] == 201
    assert ask("ines", "post", "questions/", {"pool": pool["id"], "quiz": quiz.pk, "kind": "text"})[0] == 400
    assert ask("ines", "get", "questions/", {"pool": pool["id"]})[1]["count"] == 1
    draw = ask("ines", "post", "quiz-draws/", {"quiz": quiz.pk, "pool": pool["id"], "count": 1})[1]
    again = ask("ines", "post", "quiz-draws/", {"quiz": quiz.pk, "pool": pool["id"], "points": 3})[1]
    assert (again["id"], again["points"]) == (draw["id"], 3)
    elsewhere = QuestionPool.objects.create(course=make_course(instructor=people["ines"]), title="Tulips")
    assert ask("ines", "post", "quiz-draws/", {"quiz": quiz.pk, "pool": elsewhere.pk})[0] == 400
    assert ask("ines", "delete", f"question-pools/{pool['id']}/")[0] == 409
    assert ask("otto", "delete", f"quiz-draws/{draw['id']}/")[0] == 404
    assert ask("ines", "delete", f"quiz-draws/{draw['id']}/")[0] == 204
    assert ask("ines", "delete", f"question-pools/{pool['id']}/")[0] == 204
    assert not QuizDraw.objects.exists()


def test_more_for_a_single_student(ask, quiz):
    new = {"quiz": quiz.pk, "email": "alice@example.org", "time_factor": 1.5}
    status, extra = ask("ines", "post", "quiz-accommodations/", new)
    assert (status, extra["user"]["name"], extra["quiz"]) == (201, "Alice", quiz.pk)
    everywhere = ask("ines", "post", "quiz-accommodations/", new | {"everywhere": True})[1]
    assert (everywhere["quiz"], everywhere["whole_course"]) == (None, quiz.course.pk)
    assert "email" in ask("ines", "post", "quiz-accommodations/", new | {"email": "charlie@example.org"})[1]
    assert ask("otto", "post", "quiz-accommodations/", new)[0] == 400
    assert ask("alice", "get", "quiz-accommodations/")[1]["count"] == 0
    assert ask("alice", "delete", f"quiz-accommodations/{extra['id']}/")[0] == 404
    assert ask("ines", "delete", f"quiz-accommodations/{extra['id']}/")[0] == 204
    assert QuizAccommodation.objects.get().whole_course == quiz.course


def test_an_assignments_settings_and_its_rubric(ask, people, lesson):
    assignment = make_assignment(lesson=lesson)
    path = f"assignments/{assignment.pk}/"
    status, kept = ask("ines", "patch", path, {"late_percent": 10, "due_at": "2031-01-01T00:00:00Z"})
    assert (status, kept["late_percent"], kept["due_at"]) == (200, 10, "2031-01-01T00:00:00Z")
    assert ask("ines", "patch", path, {"late_percent": 101})[0] == 400
    assert [ask(who, "patch", path, {"late_percent": 1})[0] for who in ("alice", "otto")] == [403, 404]
    row = {
        "assignment": assignment.pk,
        "title": "Clear",
        "levels": [{"points": 1}, {"points": 4, "words": "All of it"}],
    }
    status, made = ask("ines", "post", "criteria/", row)
    assert (status, [level["points"] for level in made["levels"]]) == (201, [4, 1])
    one = f"criteria/{made['id']}/"
    assert ask("ines", "patch", one, {"title": "Clearly told"})[1]["levels"] == made["levels"]
    assert ask("ines", "patch", one, {"levels": [{"points": 1001}]})[0] == 400
    assert [ask(who, "patch", one, {"title": "Mine"})[0] for who, _ in OTHERS] == [status for _, status in OTHERS]
    other = ask("ines", "post", "criteria/", row | {"title": "Short"})[1]
    assert ask("ines", "post", f"criteria/{other['id']}/move/", {"before": made["id"]})[1]["position"] == 1
    Mark.objects.create(submission=make_submission(people["alice"], assignment), points=4)
    assert ask("ines", "patch", one, {"levels": [{"points": 5}]})[0] == 409
    assert ask("ines", "post", "criteria/", row)[0] == ask("ines", "delete", one)[0] == 409
    assert ask("ines", "patch", one, {"title": "Told clearly"})[0] == 200
    Mark.objects.all().delete()
    assert ask("ines", "delete", one)[0] == 204


def test_how_questions_work_is_for_those_who_teach(ask, quiz):
    assert ask("ines", "get", f"quizzes/{quiz.pk}/analysis/")[1] == {"students": 0, "mean_percent": None, "items": []}
    assert [ask(who, "get", f"quizzes/{quiz.pk}/analysis/")[0] for who in ("alice", "otto")] == [403, 404]


def test_a_lesson_reads_again_as_it_did(ask, lesson):
    block = lesson.blocks.first()
    assert ask("ines", "patch", f"blocks/{block.pk}/", {"body": "New words", "version": block.version})[0] == 200
    found = ask("ines", "get", "revisions/", {"lesson": lesson.pk})[1]["results"]
    first = found[-1]
    assert ask("ines", "get", f"revisions/{first['id']}/")[1]["content"]["blocks"][0]["body"] == "Text of block 1."
    for who, expected in OTHERS:
        assert ask(who, "post", f"revisions/{first['id']}/restore/")[0] == expected
    assert ask("ines", "post", f"revisions/{first['id']}/restore/")[0] == 204
    assert Block.objects.get(pk=block.pk).body == "Text of block 1."


def test_the_calendars_private_address(ask, client):
    assert ask("alice", "get", "calendar-address/")[1] == {"url": None}
    url = ask("alice", "post", "calendar-address/")[1]["url"]
    assert ask("alice", "get", "calendar-address/")[1] == {"url": url}
    client.logout()
    assert b"BEGIN:VCALENDAR" in client.get(url).content
    assert ask("alice", "post", "calendar-address/")[1]["url"] != url
    assert client.get(url).status_code == 404
    assert ask("alice", "delete", "calendar-address/")[0] == 204
    assert ask("alice", "get", "calendar-address/")[1] == {"url": None}
    assert ask("anonymous", "post", "calendar-address/")[0] == 403


# Beside session and user: how many, the page, and for questions their choices.
@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("criteria", 4),
        ("questions", 5),
        ("question-pools", 4),
        ("quiz-draws", 4),
        ("quiz-accommodations", 4),
        ("revisions", 4),
    ],
)
def test_lists_cost_the_same_however_long(client, people, course, quiz, name, queries):
    for number in range(5):
        pool = QuestionPool.objects.create(course=course, title=f"Pool {number}")
        make_assignment(lesson=quiz.lesson, rubric=True)
        QuizDraw.objects.create(quiz=quiz, pool=pool)
        Question.objects.create(pool=pool, prompt="?")
        LessonRevision.objects.create(lesson=quiz.lesson, author=people["ines"], content={})
        QuizAccommodation.objects.create(quiz=make_quiz(lesson=quiz.lesson), user=people["alice"])
    client.force_login(people["ines"])
    with assertNumQueries(queries):
        assert len(client.get(f"/api/v1/{name}/").json()["results"]) >= 5
