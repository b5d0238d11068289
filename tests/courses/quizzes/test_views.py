import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from courses.models import Lesson, QuizAccommodation, QuizAttempt
from courses.quizzes import layouts, services
from tests.courses.quizzes.factories import make_question, make_quiz_of_all_kinds
from tests.factories import enroll, make_course, make_instructor, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


@pytest.fixture
def lesson(alice):
    enroll(alice, make_course())
    return Lesson.objects.first()


def url(name, *args):
    return reverse(f"quizzes:{name}", args=args)


def form_of(answers, **more):
    return {f"q-{question}": choices for question, choices in answers.items()} | more


def send(client, quiz, fields, number=1):
    body = json.dumps({"number": number, "answers": fields})
    return client.post(url("save", quiz.pk), body, content_type="application/json")


def page_of(client, quiz):
    return client.get(quiz.lesson.get_absolute_url())


def test_a_quiz_shows_its_result_with_feedback_for_what_was_picked(client, lesson):
    quiz = make_quiz(lesson=lesson)
    answers = right_answers(quiz)
    question = quiz.questions.first()
    answers[question.pk] = [question.choices.get(text="Choice 1.2").pk]
    page = client.post(url("submit", quiz.pk), form_of(answers), follow=True)
    assertContains(page, "1 of 2 right")
    assertContains(page, "Feedback 1.2")
    assertContains(page, "Because 1.")
    assertNotContains(page, "Feedback 1.3")


def test_a_quiz_gives_nothing_away_before_it_is_answered(client, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    make_question(quiz, "single", explanation="Because.")
    page = page_of(client, quiz)
    for secret in ("Feedback", "Because", "Seine", "3.14", "Paris, France"):
        assertNotContains(page, secret)
    # The ids of the items to order are in their order, so the page holds none of them.
    ordering = quiz.questions.get(kind="ordering")
    fields = re.findall(rf'name="(q-{ordering.pk}[^"]*)"', page.content.decode())
    assert fields == [f"q-{ordering.pk}-{i}" for i in range(3)]
    for choice in ordering.choices.all():
        assertNotContains(page, f'value="{choice.pk}"')


def test_a_forgotten_question_keeps_the_other_answers(client, lesson):
    quiz = make_quiz(lesson=lesson)
    answers = right_answers(quiz)
    first, second = answers
    del answers[second]
    page = client.post(url("submit", quiz.pk), form_of(answers))
    assertContains(page, "has no answer yet", status_code=422)
    assertContains(page, f'value="{answers[first][0]}" checked', status_code=422)
    assertNotContains(page, "Hand in anyway", status_code=422)
    assert not QuizAttempt.objects.submitted().exists()


def fields_of_all_kinds(alice, quiz):
    """What a browser sends for a quiz of all kinds, all right."""
    slots = {slot.question.kind: slot for slot in layouts.current(alice, quiz)}
    fields = {}
    for kind, slot in slots.items():
        name = f"q-{slot.question.pk}"
        right = list(slot.question.choices.all())
        match kind:
            case "text":
                fields[name] = ["PARIS"]
            case "numeric":
                fields[name] = ["3,14"]
            case "matching":
                fields |= {f"{name}-{i}": [left.match] for i, left in enumerate(slot.lefts)}
            case "ordering":
                fields |= {f"{name}-{i}": [str(right.index(item) + 1)] for i, item in enumerate(slot.choices)}
            case "fill":
                fields |= {f"{name}-0": ["Paris"], f"{name}-1": ["river Seine"]}
            case _:
                fields[name] = [str(choice.pk) for choice in right if choice.is_correct]
    return fields


def test_every_kind_goes_through_the_form(client, alice, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    page = client.post(url("submit", quiz.pk), fields_of_all_kinds(alice, quiz), follow=True)
    assertContains(page, "8 of 8 right")


def test_every_kind_is_saved_and_comes_back_on_a_reload(client, alice, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    fields = fields_of_all_kinds(alice, quiz)
    for name, values in fields.items():
        if name.count("-") == 1:
            assert send(client, quiz, {name: values}).status_code == 200
    for kind in ("matching", "ordering", "fill"):
        prefix = f"q-{quiz.questions.get(kind=kind).pk}-"
        assert send(client, quiz, {n: v for n, v in fields.items() if n.startswith(prefix)}).json()["saved_at"]
    page = page_of(client, quiz)
    assertContains(page, 'value="PARIS"')
    assertContains(page, 'value="3,14"')
    assertContains(page, 'value="river Seine"')
    assertContains(page, "<option selected>Rome</option>", html=True)
    assertContains(page, " checked", count=4)  # one, two, one
    assert services.submit_quiz(user=alice, quiz=quiz, answers={}, number=1).score_percent == 100


def test_wrong_answers_of_every_kind_are_told_with_what_is_right(client, alice, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    fields = fields_of_all_kinds(alice, quiz)
    by_kind = {question.kind: f"q-{question.pk}" for question in quiz.questions.all()}
    fields[by_kind["text"]] = ["<b>Rome</b>"]
    fields[by_kind["numeric"]] = ["4"]
    fields[f"{by_kind['matching']}-0"] = ["Oslo"]
    fields[f"{by_kind['fill']}-1"] = ['"><script>alert(1)</script>']
    page = client.post(url("submit", quiz.pk), fields, follow=True)
    assertContains(page, "&lt;b&gt;Rome&lt;/b&gt;")
    assertContains(page, "Paris, France")
    assertContains(page, "3.14 ± 0.01")
    assertContains(page, "France: Oslo")
    assertContains(page, "right would be: Seine")
    assertNotContains(page, "<script>alert")
    assertContains(page, "5 of 8 points")


def test_nobody_reads_the_result_of_another(client, alice, lesson):
    bob = make_user("bob")
    enroll(bob, lesson.course)
    quiz = make_quiz(lesson=lesson)
    client.post(url("submit", quiz.pk), form_of(right_answers(quiz)))
    client.force_login(bob)
    page = client.get(lesson.get_absolute_url() + f"?attempt={QuizAttempt.objects.get().pk}")
    assertNotContains(page, "of 2 right")


def test_an_instructor_sees_how_a_quiz_marks_and_leaves_no_attempt(client):
    ines = make_instructor()
    course = make_course(instructor=ines)
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first(), attempt_limit=1, minutes=5)
    client.force_login(ines)
    assertContains(page_of(client, quiz), "Choice 1.1")  # no beginning
    page = client.post(url("submit", quiz.pk), form_of(right_answers(quiz)))
    assertContains(page, "100%")
    assertContains(page, "A preview: nothing was recorded.")
    answers = right_answers(quiz)
    answers.popitem()
    page = client.post(url("submit", quiz.pk), form_of(answers))
    assertContains(page, " checked", count=1, status_code=422)
    client.post(url("begin", quiz.pk))
    assert send(client, quiz, {}).json() == {"saved_at": None}
    assert not QuizAttempt.objects.exists()


def test_the_author_reads_what_a_question_lacks_and_students_do_not(client, alice, lesson):
    ines = make_instructor()
    enroll(ines, lesson.course, role="instructor")
    quiz = make_quiz(lesson=lesson)
    make_question(quiz, "single", prompt="Half done?", choices=[("A", "", False), ("B", "", False)])
    assertNotContains(page_of(client, quiz), "Half done")
    client.force_login(ines)
    assertContains(page_of(client, quiz), "Exactly one choice has to be right; 0 are marked.")


def test_a_quiz_without_questions_is_not_shown_to_students(client, alice, lesson):
    quiz = make_quiz(lesson=lesson, questions=0)
    assertNotContains(page_of(client, quiz), quiz.block.title)


@pytest.mark.parametrize("name", ["begin", "save", "submit"])
def test_a_quiz_for_everyone_who_might_ask(client, name):
    ines, other = make_instructor("ines"), make_instructor("ivo")
    course = make_course(instructor=ines)
    bob, charlie = make_user("bob"), make_user("charlie")
    enroll(bob, course)
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first(), attempt_limit=3)
    address = url(name, quiz.pk)
    if name == "submit":
        services.begin_attempt(user=bob, quiz=quiz)

    def ask():
        if name == "save":
            return send(client, quiz, {})
        return client.post(address, form_of(right_answers(quiz)) if name == "submit" else {})

    assert ask().url.startswith("/accounts/login/")
    for user in (charlie, other):
        client.force_login(user)
        assert ask().status_code == 404
    assert not QuizAttempt.objects.filter(user__in=(charlie, other)).exists()
    for user, status in ((bob, {"save": 409}.get(name, 302)), (ines, {"begin": 302}.get(name, 200))):
        client.force_login(user)
        assert ask().status_code == status
    assert client.get(address).status_code == 405


def test_a_timed_quiz_from_beginning_to_end(client, alice, lesson, monkeypatch):
    quiz = make_quiz(lesson=lesson, minutes=10, attempt_limit=2)
    page = page_of(client, quiz)
    assertContains(page, "10 minutes for an attempt")
    assertContains(page, "2 attempts, 0 used. The best one counts.")
    assertNotContains(page, "Choice 1.1")

    assertRedirects(client.post(url("begin", quiz.pk)), quiz.get_absolute_url(), fetch_redirect_response=False)
    page = page_of(client, quiz)
    assertContains(page, "Choice 1.1")
    seconds = int(re.search(r'data-seconds="(\d+)"', page.content.decode())[1])
    assert 590 <= seconds <= 600

    first, second = right_answers(quiz).items()
    send(client, quiz, form_of(dict([(first[0], [str(first[1][0])])])))
    page = client.post(url("submit", quiz.pk), form_of(dict([first]), number=1))
    assertContains(page, "Hand in anyway", status_code=422)

    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    refused = send(client, quiz, form_of(dict([(second[0], [str(second[1][0])])])))
    assert refused.status_code == 409
    assert "The time was up" in refused.json()["detail"]
    page = client.post(url("submit", quiz.pk), form_of(right_answers(quiz), number=1), follow=True)
    assertContains(page, "1 of 2 right")
    assertContains(page, "what was saved by then counts")
    page = page_of(client, quiz)
    assertContains(page, "Begin another attempt")
    assertContains(page, "Attempt 1: 50%")


def test_an_attempt_whose_time_is_up_is_handed_in_when_next_looked_at(client, alice, lesson, monkeypatch):
    quiz = make_quiz(lesson=lesson, minutes=10, attempt_limit=1)
    services.begin_attempt(user=alice, quiz=quiz)
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assertContains(page_of(client, quiz), "You have used all your attempts.")
    assert QuizAttempt.objects.get().expired


def test_without_a_script_answers_are_saved_by_a_button(client, alice, lesson):
    quiz = make_quiz(lesson=lesson)
    answers = right_answers(quiz)
    answers.popitem()
    page = client.post(url("submit", quiz.pk), form_of(answers, keep=1, number=1), follow=True)
    assertContains(page, "Your answers are saved")
    assertContains(page, " checked", count=1)


def test_a_refused_hand_in_says_why(client, alice, lesson):
    quiz = make_quiz(lesson=lesson, attempt_limit=1)
    page = client.post(url("submit", quiz.pk), form_of(right_answers(quiz)), follow=True)
    assertContains(page, "Begin the quiz first.")


def test_before_it_opens_and_after_it_closed(client, alice, lesson):
    now = timezone.now()
    early = make_quiz(lesson=lesson, opens_at=now + timedelta(days=1))
    closed = make_quiz(lesson=lesson, closes_at=now - timedelta(days=1))
    page = page_of(client, early)
    assertContains(page, "Opens on")
    assertContains(page, "Closed on")
    assertNotContains(page, "Choice 1.1")
    assertContains(client.post(url("submit", closed.pk), form_of(right_answers(closed)), follow=True), "closed on")
    assert not QuizAttempt.objects.exists()


@pytest.mark.parametrize("show", ["never", "after_closing"])
def test_right_answers_are_shown_when_the_author_says(client, alice, lesson, show, monkeypatch):
    now = timezone.now()
    quiz = make_quiz(lesson=lesson, show_answers=show, closes_at=now + timedelta(hours=1))
    bob = make_user("bob")
    QuizAccommodation.objects.create(quiz=quiz, user=bob, closes_at=now + timedelta(hours=3))
    answers = right_answers(quiz)
    question = quiz.questions.first()
    answers[question.pk] = [question.choices.last().pk]
    page = client.post(url("submit", quiz.pk), form_of(answers), follow=True)
    for _ in range(2):
        assertContains(page, "50%")
        assertContains(page, "Your answer")
        for secret in ("Feedback", "Because", "Right answer", "choice-right", "of 2 right"):
            assertNotContains(page, secret)
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=2))  # bob may still be answering
        page = client.get(lesson.get_absolute_url() + f"?attempt={QuizAttempt.objects.get().pk}")
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=4))
    page = client.get(lesson.get_absolute_url() + f"?attempt={QuizAttempt.objects.get().pk}")
    assert ("Right answer" in page.content.decode()) == (show == "after_closing")


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"number": 1}', '{"number": 0, "answers": {}}', '{"number": 1, "answers": {"q-1": "x"}}', "1" * 9],
)
def test_what_is_no_answer_is_told(client, alice, lesson, body):
    quiz = make_quiz(lesson=lesson)
    answer = client.post(url("save", quiz.pk), body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


def test_a_body_too_large_is_told(client, alice, lesson):
    quiz = make_quiz(lesson=lesson)
    body = json.dumps({"number": 1, "answers": {"q-1": ["x" * 300_000]}})
    assert client.post(url("save", quiz.pk), body, content_type="application/json").status_code == 400


def test_what_the_quiz_does_not_ask_is_ignored(client, alice, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    odd = {}
    for question in quiz.questions.all():
        odd |= {f"q-{question.pk}": ["999999", "x"], f"q-{question.pk}-0": ["17"], f"q-{question.pk}-99": ["1"]}
    assert send(client, quiz, odd | {"q-x": ["1"], "q-": [], "zzz": ["1"]}).status_code == 200
    kept = QuizAttempt.objects.get().answers
    kinds = {quiz.questions.get(pk=int(pk)).kind for pk in kept}
    assert kinds <= {"text", "numeric", "fill"}  # where anything may be typed


def test_a_long_quiz_costs_the_same_as_a_short_one(client, alice, lesson, django_assert_num_queries):
    short, long_ = make_quiz(lesson=lesson, questions=1), make_quiz(lesson=lesson.module.lessons.last(), questions=30)
    counts = []
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for quiz in (short, long_):
        page_of(client, quiz)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page_of(client, quiz)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_no_page_of_a_quiz_holds_an_inline_script_or_style(client, alice, lesson):
    quiz = make_quiz_of_all_kinds(lesson=lesson)
    attempt = services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True)
    for address in (lesson.get_absolute_url(), f"{lesson.get_absolute_url()}?attempt={attempt.pk}"):
        html = client.get(address).content.decode()
        assert not any(inline in html for inline in ("<script>", "<style", " style=", " onclick="))


def test_nothing_is_kept_in_the_browser():
    from pathlib import Path

    scripts = Path(__file__).resolve().parents[3] / "static" / "js"
    for name in ("lesson.js", "quiz.js"):
        text = (scripts / name).read_text()
        assert "sessionStorage" not in text
        assert "localStorage" not in text
