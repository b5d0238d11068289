"""The author's side: what a question lacks is said in words, and nobody meets the rows of others."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Lesson, Question, QuestionPool, Quiz, QuizAccommodation, QuizAttempt, QuizDraw
from courses.quizzes import services
from courses.quizzes.limits import limits_for
from tests.courses.quizzes.factories import make_question
from tests.factories import enroll, make_course, make_instructor, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


def admin_url(model, page, *args):
    return reverse(f"admin:courses_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def quiz(client):
    alice = make_instructor("alice")
    course = make_course("Mine alone", instructor=alice)
    client.force_login(alice)
    return make_quiz(lesson=Lesson.objects.for_course(course).first(), questions=0)


@pytest.fixture
def theirs(quiz):
    course = make_course("Theirs alone", instructor=make_instructor("bob"))
    return make_quiz(lesson=Lesson.objects.for_course(course).first(), questions=1)


def question_form(quiz, kind, choices=(), **fields):
    """`choices`: (text, right) or (text, right, match) each."""
    form = {
        "quiz": quiz.pk if quiz else "",
        "kind": kind,
        "prompt": "What?",
        "points": 1,
        "tolerance": 0,
        "choices-TOTAL_FORMS": len(choices),
        "choices-INITIAL_FORMS": 0,
    } | fields
    for i, (text, right, *match) in enumerate(choices):
        form |= {
            f"choices-{i}-text": text,
            f"choices-{i}-position": "",
            f"choices-{i}-match": match[0] if match else "",
        }
        if right:
            form[f"choices-{i}-is_correct"] = "on"
    return form


def add(client, form):
    return client.post(admin_url(Question, "add"), form)


PAIRS = [("France", False, "Paris"), ("Italy", False, "Rome"), ("", False, "Oslo")]


@pytest.mark.parametrize(
    ("kind", "choices", "fields"),
    [
        ("single", [("A", True), ("B", False)], {}),
        ("multiple", [("A", True), ("B", True)], {}),
        ("true_false", [("True", False), ("False", True)], {}),
        ("text", [], {"accepted": "Paris\nparis, France"}),
        ("numeric", [], {"number": 3.5, "tolerance": 0.1}),
        ("matching", PAIRS, {}),
        ("ordering", [("one", False), ("two", False)], {}),
        ("fill", [], {"prompt": "It is {{blue|azure}}."}),
    ],
)
def test_a_question_of_each_kind_is_written(client, quiz, kind, choices, fields):
    answer = add(client, question_form(quiz, kind, choices, **fields))
    assert answer.status_code == 302, answer.context["errors"]
    question = Question.objects.get(kind=kind)
    assert question.choices.count() == len(choices)
    assert [choice.position for choice in question.choices.all()] == list(range(1, len(choices) + 1))


@pytest.mark.parametrize(
    ("kind", "choices", "fields", "words"),
    [
        ("single", [("A", True), ("B", True)], {}, "Exactly one choice has to be right; 2 are marked."),
        ("single", [("A", False), ("B", False)], {}, "Exactly one choice has to be right; 0 are marked."),
        ("single", [("A", True)], {}, "Give two choices."),
        ("single", [("A", True), ("A", False)], {}, "Two choices have the same text."),
        ("single", [("A", True), ("", False, "x")], {}, "Write the text of each choice."),
        ("multiple", [("A", False), ("B", False)], {}, "At least one choice has to be right."),
        ("true_false", [("A", True), ("B", False), ("C", False)], {}, "has two choices."),
        ("text", [], {}, "Give at least one answer that counts as right"),
        ("text", [("A", True)], {"accepted": "A"}, "has no choices: delete them."),
        ("numeric", [], {}, "Give the right number."),
        ("numeric", [], {"number": "three"}, "Enter a number."),
        ("numeric", [], {"number": 3, "tolerance": -1}, "greater than or equal to 0"),
        ("matching", PAIRS[:1], {}, "at least two pairs."),
        ("matching", [("France", False), ("Italy", False, "Rome")], {}, "Say for each row what belongs to it."),
        ("ordering", [("one", False)], {}, "at least two items."),
        ("fill", [], {}, "Write at least one gap"),
        ("fill", [], {"prompt": "It is {{ | }}."}, "has no right answer between its braces."),
    ],
)
def test_what_a_question_lacks_is_said_in_words(client, quiz, kind, choices, fields, words):
    answer = add(client, question_form(quiz, kind, choices, **fields))
    assertContains(answer, words)
    assert not Question.objects.exists()


def test_a_question_stands_in_a_quiz_or_in_a_pool(client, quiz):
    pool = QuestionPool.objects.create(course=quiz.course, title="Bank")
    choices = [("A", True), ("B", False)]
    assertContains(add(client, question_form(None, "single", choices)), "choose one of them")
    assertContains(add(client, question_form(quiz, "single", choices, pool=pool.pk)), "choose one of them")
    for _ in range(2):
        assert add(client, question_form(None, "single", choices, pool=pool.pk)).status_code == 302
    assert list(pool.questions.values_list("position", flat=True)) == [1, 2]


def test_a_question_cannot_be_put_into_the_quiz_of_another(client, quiz, theirs):
    assert add(client, question_form(theirs, "single", [("A", True), ("B", False)])).status_code == 200
    assert theirs.questions.count() == 1


def quiz_form(quiz, **fields):
    form = {"block": quiz.block_id, "pass_percent": 70, "show_answers": "after_attempt"}
    for prefix in ("questions", "draws", "accommodations"):
        form |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return form | fields


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"attempt_limit": 0}, "greater than or equal to 1"),
        ({"minutes": 0}, "greater than or equal to 1"),
        ({"show_answers": "after_closing"}, "Say when it closes"),
        (
            {"opens_at_0": "2030-02-02", "opens_at_1": "10:00", "closes_at_0": "2030-02-01", "closes_at_1": "10:00"},
            "It has to close after it opens.",
        ),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_words(client, quiz, fields, words):
    assertContains(client.post(admin_url(Quiz, "change", quiz.pk), quiz_form(quiz, **fields)), words)


def test_extra_time_reaches_whoever_is_answering(client, quiz):
    make_question(quiz)
    Quiz.objects.update(minutes=10)
    quiz.refresh_from_db()
    sam = make_user("sam")
    enroll(sam, quiz.course)
    before = services.begin_attempt(user=sam, quiz=quiz).deadline
    form = quiz_form(quiz, minutes=10) | {
        "accommodations-TOTAL_FORMS": 1,
        "accommodations-0-user": sam.pk,
        "accommodations-0-time_factor": 1.5,
        "accommodations-0-extra_attempts": 0,
    }
    assert client.post(admin_url(Quiz, "change", quiz.pk), form).status_code == 302
    assert QuizAccommodation.objects.get().user == sam
    assert QuizAttempt.objects.get().deadline == before + timedelta(minutes=5)


def test_only_people_of_the_course_can_be_given_more(client, quiz, theirs):
    outsider = make_user("charlie")
    enroll(outsider, theirs.course)
    page = client.get(admin_url(Quiz, "change", quiz.pk))
    assertNotContains(page, "charlie@example.org")
    form = quiz_form(quiz) | {
        "accommodations-TOTAL_FORMS": 1,
        "accommodations-0-user": outsider.pk,
        "accommodations-0-time_factor": 1.5,
        "accommodations-0-extra_attempts": 0,
    }
    assert client.post(admin_url(Quiz, "change", quiz.pk), form).status_code == 200
    assert not QuizAccommodation.objects.exists()


def test_more_time_in_all_quizzes_is_given_on_the_page_of_the_course(client, quiz):
    sam = make_user("sam")
    enroll(sam, quiz.course)
    module = quiz.course.modules.get()
    form = {
        **{name: getattr(quiz.course, name) for name in ("title", "slug", "summary", "status")},
        **{"modules-TOTAL_FORMS": 1, "modules-INITIAL_FORMS": 1, "modules-0-id": module.pk},
        **{"modules-0-course": quiz.course.pk, "modules-0-title": module.title, "modules-0-position": 1},
        **{"quiz_accommodations-TOTAL_FORMS": 1, "quiz_accommodations-INITIAL_FORMS": 0},
        **{"quiz_accommodations-0-user": sam.pk, "quiz_accommodations-0-time_factor": 1.5},
        "quiz_accommodations-0-extra_attempts": 1,
    }
    assert client.post(admin_url(type(quiz.course), "change", quiz.course.pk), form).status_code == 302
    Quiz.objects.update(minutes=10, attempt_limit=1)
    made_later = Quiz.objects.get(pk=quiz.pk)
    limits = limits_for(sam, made_later)
    assert (limits.time, limits.attempts) == (timedelta(minutes=15), 2)


def test_a_pool_of_another_course_is_not_drawn_from(client, quiz):
    other = make_course("Also mine", instructor=quiz.course.enrollments.get().user)
    pool = QuestionPool.objects.create(course=other, title="Bank")
    form = quiz_form(quiz) | {"draws-TOTAL_FORMS": 1, "draws-0-pool": pool.pk, "draws-0-count": 1, "draws-0-points": 1}
    assertContains(client.post(admin_url(Quiz, "change", quiz.pk), form), "belongs to another course")
    assert not QuizDraw.objects.exists()


def test_attempts_can_be_looked_at_and_not_written(client, quiz, theirs):
    make_question(quiz)
    sam = make_user("sam")
    mine = services.submit_quiz(user=sam, quiz=quiz, answers=right_answers(quiz))
    other = services.submit_quiz(user=sam, quiz=theirs, answers=right_answers(theirs))
    page = client.get(admin_url(QuizAttempt, "changelist"))
    assert [row.pk for row in page.context["cl"].result_list] == [mine.pk]
    assert client.get(admin_url(QuizAttempt, "change", mine.pk)).status_code == 200
    assert client.get(admin_url(QuizAttempt, "change", other.pk)).status_code == 404
    assert client.get(admin_url(QuizAttempt, "add")).status_code == 403
    assert client.get(admin_url(QuizAttempt, "delete", mine.pk)).status_code == 403


def test_the_list_leads_to_the_item_analysis(client, quiz):
    quiz.closes_at = timezone.now()
    quiz.save()
    assertContains(client.get(admin_url(Quiz, "changelist")), reverse("quizzes:analysis", args=[quiz.pk]))


def test_the_list_of_attempts_costs_the_same_for_many_quizzes_to_filter_by(client, quiz, django_assert_num_queries):
    client.get(admin_url(QuizAttempt, "changelist"))
    with CaptureQueriesContext(connection) as few:
        client.get(admin_url(QuizAttempt, "changelist"))
    for number in range(5):
        another = make_quiz(lesson=quiz.lesson, questions=0)
        type(another.block).objects.filter(pk=another.block_id).update(title=f"Quiz {number}")
    with django_assert_num_queries(len(few)):
        assertContains(client.get(admin_url(QuizAttempt, "changelist")), "Quiz 4")


def test_an_attempt_tells_its_answers_in_words(client, quiz):
    question = make_question(quiz=quiz, kind="text", prompt="The **capital** of France?", accepted="Paris")
    attempt = services.submit_quiz(user=make_user("bob"), quiz=quiz, answers={question.pk: "paris"})
    page = client.get(admin_url(QuizAttempt, "change", attempt.pk))
    assertContains(page, "The capital of France?<br><strong>paris</strong> (100%)", html=False)
