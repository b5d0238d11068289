import pytest
from pytest_django.asserts import assertNumQueries

from courses.grade_items import GradeItem
from courses.models import Lesson, QuestionPool, QuizDraw
from courses.quizzes import grades, services
from tests.courses.quizzes.factories import make_question, right_answer
from tests.factories import make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    return make_course()


def test_items_in_the_courses_order_with_their_points(course):
    first, second = Lesson.objects.for_course(course).in_course_order()
    later = make_quiz(lesson=second, questions=3)
    quiz = make_quiz(lesson=first, questions=2)
    make_question(quiz, points=3)
    pool = QuestionPool.objects.create(course=course, title="Bank")
    for _ in range(4):
        make_question(pool=pool, points=9)
    QuizDraw.objects.create(quiz=quiz, pool=pool, count=2, points=5)
    make_quiz(lesson=Lesson.objects.for_course(make_course()).first())
    assert grades.items(course) == [
        GradeItem(f"quiz-{quiz.pk}", "Check yourself", "quiz", quiz.block_id, 15.0, quiz.get_absolute_url()),
        GradeItem(f"quiz-{later.pk}", "Check yourself", "quiz", later.block_id, 3.0, later.get_absolute_url()),
    ]
    attempt = services.submit_quiz(user=make_user(), quiz=quiz, answers={}, anyway=True)
    assert attempt.max_points == 15


def test_a_draft_is_not_graded(course):
    lesson = Lesson.objects.for_course(course).first()
    make_quiz(lesson=lesson)
    lesson.status = "draft"
    lesson.save()
    assert grades.items(course) == []


def test_the_best_submitted_attempt_counts(course):
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first(), questions=4)
    alice, bob, charlie = make_user("alice"), make_user("bob"), make_user("charlie")
    half = dict(list(right_answers(quiz).items())[:2])
    for answers in ({}, half, {}):
        services.submit_quiz(user=alice, quiz=quiz, answers=answers, anyway=True)
    services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))  # not handed in
    services.save_answers(user=bob, quiz=quiz, answers=right_answers(quiz))
    services.submit_quiz(user=charlie, quiz=quiz, answers={}, anyway=True)
    key = f"quiz-{quiz.pk}"
    assert grades.scores(course) == {(key, alice.pk): 2.0, (key, charlie.pk): 0.0}
    assert grades.scores(course, [charlie.pk]) == {(key, charlie.pk): 0.0}


def test_thirds_are_not_rounded_to_percent(course):
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first(), questions=0)
    question = make_question(quiz, "fill", prompt="{{a}} {{b}} {{c}}", points=9)
    alice = make_user()
    services.submit_quiz(user=alice, quiz=quiz, answers={question.pk: ["a", "", ""]}, anyway=True)
    assert grades.scores(course)[(f"quiz-{quiz.pk}", alice.pk)] == pytest.approx(3.0, abs=1e-5)
    assert right_answer(question)


def test_it_costs_the_same_for_many(course):
    lesson = Lesson.objects.for_course(course).first()
    for i in range(3):
        quiz = make_quiz(lesson=lesson)
        for name in ("a", "b"):
            services.submit_quiz(user=make_user(f"{name}{i}"), quiz=quiz, answers=right_answers(quiz))
    # quizzes with their lessons; points of questions; of draws
    with assertNumQueries(3):
        grades.items(course)
    # the same; best attempts
    with assertNumQueries(4):
        assert len(grades.scores(course)) == 6
