import statistics

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.models import Lesson, Question, QuestionPool, QuizDraw
from courses.quizzes import analysis, services
from tests.courses.quizzes.factories import make_question, right_answer
from tests.factories import enroll, make_course, make_instructor, make_lesson, make_quiz, make_user

pytestmark = pytest.mark.django_db


def answer_as(quiz, right_numbers: set[int], name: str):
    """Somebody hands in: right in the questions at these positions, the second choice elsewhere."""
    user = make_user(name)
    answers = {}
    for question in quiz.questions.all():
        choices = list(question.choices.all())
        answers[question.pk] = [choices[0 if question.position in right_numbers else 1].pk]
    services.submit_quiz(user=user, quiz=quiz, answers=answers)
    return user


# Who has what right, of four questions. The fourth one is had right by the weak alone.
WHO = [{1, 2, 3}, {1, 2, 3}, {1, 2}, {1, 4}, {1, 4}, {4}]


@pytest.fixture
def quiz():
    quiz = make_quiz(lesson=make_lesson(), questions=4)
    for i, right in enumerate(WHO):
        answer_as(quiz, right, f"student{i}")
    return quiz


def test_difficulty_is_the_mean_share(quiz):
    found = analysis.analyse(quiz)
    assert found.students == 6
    assert [item.n for item in found.items] == [6] * 4
    assert [item.difficulty for item in found.items] == pytest.approx([5 / 6, 3 / 6, 2 / 6, 3 / 6])


def test_discrimination_is_the_correlation_with_the_rest(quiz):
    for number, item in enumerate(analysis.analyse(quiz).items, start=1):
        mine = [float(number in right) for right in WHO]
        rest = [len(right - {number}) for right in WHO]
        assert item.discrimination == pytest.approx(statistics.correlation(mine, rest))
    assert analysis.analyse(quiz).items[3].notes[0] == "negative"


def test_choices_are_counted_by_half(quiz):
    third = analysis.analyse(quiz).items[2]
    assert (third.upper_n, third.lower_n) == (3, 3)
    right, wrong, idle = third.choices
    assert (right.upper, right.lower) == (2, 0)
    assert (wrong.upper, wrong.lower) == (1, 3)
    assert (idle.upper, idle.lower) == (0, 0)


def test_where_nothing_varies_there_is_no_discrimination():
    assert analysis.correlation([1, 1, 1], [0, 1, 2]) is None
    assert analysis.correlation([0, 1, 2], [0, 2, 4]) == pytest.approx(1)


def test_only_the_first_attempt_of_each_counts(quiz):
    before = [item.difficulty for item in analysis.analyse(quiz).items]
    user = quiz.attempts.first().user
    services.submit_quiz(user=user, quiz=quiz, answers={}, anyway=True)
    services.begin_attempt(user=make_user("open"), quiz=quiz)
    after = analysis.analyse(quiz)
    assert ([item.difficulty for item in after.items], after.students) == (before, 6)


def test_below_five_students_nothing_is_told():
    quiz = make_quiz(lesson=make_lesson())
    for i in range(4):
        answer_as(quiz, {1}, f"student{i}")
    assert analysis.analyse(quiz).items == []
    answer_as(quiz, {1}, "fifth")
    assert len(analysis.analyse(quiz).items) == 2


def test_a_drawn_question_that_few_met_tells_nothing():
    quiz = make_quiz(lesson=make_lesson(), questions=0)
    pool = QuestionPool.objects.create(course=quiz.course, title="Bank")
    for _ in range(8):
        make_question(pool=pool)
    QuizDraw.objects.create(quiz=quiz, pool=pool, count=2)
    for i in range(6):
        user = make_user(f"student{i}")
        attempt = services.begin_attempt(user=user, quiz=quiz)
        drawn = pool.questions.filter(pk__in=[pk for pk, _choices, _points in attempt.layout])
        services.submit_quiz(user=user, quiz=quiz, answers={question.pk: right_answer(question) for question in drawn})
    items = analysis.analyse(quiz).items
    assert sum(item.n for item in items) == 12
    assert all((item.difficulty is None) == (item.n < 5) for item in items)


def test_it_costs_the_same_for_many(quiz):
    for i in range(10):
        answer_as(quiz, {1, 3}, f"more{i}")
    # attempts; questions; choices
    with assertNumQueries(3):
        analysis.analyse(quiz)


def test_the_page_for_everyone_who_might_ask(client):
    ines, other = make_instructor("ines"), make_instructor("ivo")
    course = make_course(instructor=ines)
    bob = make_user("bob")
    enroll(bob, course)
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first())
    address = reverse("quizzes:analysis", args=[quiz.pk])
    assert client.get(address).url.startswith("/accounts/login/")
    for user, status in ((make_user("charlie"), 404), (bob, 404), (other, 404), (ines, 200)):
        client.force_login(user)
        assert client.get(address).status_code == status
    assertContains(client.get(address), "Not enough attempts yet")
    for i in range(5):
        answer_as(quiz, {1} if i else {1, 2}, f"student{i}")
    page = client.get(address)
    assertContains(page, "Question 1?")
    assertContains(page, "Upper half (2)")
    assertNotContains(page, "Not enough")


def test_a_question_is_named_by_its_words():
    assert str(Question(prompt="Is the **mean** of `2, 4`\n[three](/three)?")) == "Is the mean of 2, 4 three?"
    assert str(Question(prompt="so " * 40)).endswith("…")
