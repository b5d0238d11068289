import pytest

from accounts.demo import DEMO_PASSWORD, seed_demo_accounts
from accounts.models import User
from courses.demo import seed_demo_course
from courses.models import Block, Enrollment, Lesson, Question
from courses.quizzes.authoring import problems

pytestmark = pytest.mark.django_db


def test_the_demo_can_be_seeded_again_and_again(client):
    for _ in range(2):
        people = seed_demo_accounts()
        course = seed_demo_course()
    assert User.objects.count() == 4
    assert course.is_taught_by(people["instructor@attune.example"])
    assert not Enrollment.objects.students().exists()
    assert Lesson.objects.visible_to(people["instructor@attune.example"]).count() == 4
    form = {"login": "ada@attune.example", "password": DEMO_PASSWORD}
    assert client.post("/accounts/login/", form).url == "/home/"


def test_each_demo_lesson_teaches_something_and_the_last_one_asks():
    seed_demo_course()
    for lesson in Lesson.objects.all():
        words = sum(len(block.body.split()) for block in lesson.blocks.all())
        assert 400 <= words <= 750
        assert 3 <= lesson.blocks.filter(kind="text").count() <= 5
    quiz = Block.objects.get(kind="quiz").quiz
    assert quiz.lesson == Lesson.objects.in_course_order().last()
    assert quiz.questions.count() == 6
    for question in Question.objects.all():
        assert question.explanation
        assert problems(question) == []
        if question.kind in ("single", "multiple"):
            assert not question.choices.filter(feedback="").exists()
