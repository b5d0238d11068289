"""What a quiz asked is in its lesson's history, and comes back from there."""

import pytest
from pytest_django.asserts import assertContains

from courses.models import Enrollment, Lesson, LessonRevision, Question
from courses.quizzes.services import submit_quiz
from courses.studio.revisions import content_of
from tests.courses.studio.addresses import url
from tests.factories import make_course, make_instructor, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiz(ines):
    """Two questions that nobody wrote on these pages: they came with an import."""
    make_course("Bread", instructor=ines)
    return make_quiz(lesson=Lesson.objects.first(), questions=2)


def reword(client, question, prompt, points=1, choices=()):
    """As the page sends it; `choices`: (id, text, right) each."""
    sent = {"kind": question.kind, "prompt": prompt, "points": points, "explanation": ""}
    sent |= {"choice-id": [c[0] for c in choices], "choice-text": [c[1] for c in choices]}
    sent |= {"choice-right": [str(int(c[2])) for c in choices]}
    sent |= {name: ["" for _ in choices] for name in ("choice-match", "choice-feedback")}
    assert client.post(url("save-question", question.pk), sent).status_code == 302


def asked(quiz) -> list[tuple]:
    """(prompt, points, [(choice, right)]) of each question, in order."""
    return [
        (q.prompt, q.points, [(c.text, c.is_correct) for c in q.choices.order_by("position")])
        for q in quiz.questions.order_by("position")
    ]


def test_a_former_wording_comes_back_with_its_choices_and_points(client, quiz):
    before = asked(quiz)
    first = quiz.questions.first()
    kept = first.choices.first()
    reword(client, first, "A worse wording?", points=5, choices=[(kept.pk, "Other", False), ("", "New", True)])
    page = client.get(url("history", quiz.lesson.pk))
    for words in ("A worse wording?", "Question, points: 5", "○ Other", "✓ New"):
        assertContains(page, words)
    assertContains(page, "Ines")
    former = LessonRevision.objects.earliest("pk")
    assert former.author is None  # whoever wrote it, it was not in the history yet
    client.post(url("restore", former.pk))
    assert asked(quiz) == before
    assert quiz.questions.first() == first, "the same question, so attempts still know it"
    assert first.choices.first() == kept
    # and the restore can be undone
    client.post(url("restore", LessonRevision.objects.all()[1].pk))
    assert asked(quiz)[0] == ("A worse wording?", 5, [("Other", False), ("New", True)])


def test_a_deleted_question_comes_back_at_its_place_though_it_was_written_a_minute_before(client, quiz):
    first = quiz.questions.first()
    reword(client, first, "Written just now?", choices=[("", "Yes", True), ("", "No", False)])
    before = asked(quiz)
    client.post(url("remove-question", first.pk))
    assert len(asked(quiz)) == 1
    assert "Written just now?" in str(client.get(url("history", quiz.lesson.pk)).context["changes"])
    client.post(url("restore", LessonRevision.objects.all()[1].pk))
    assert asked(quiz) == before


def test_a_question_written_since_goes_unless_somebody_answered_the_quiz(client, quiz):
    client.post(url("add-question", quiz.pk), {"kind": "true_false"})
    before = LessonRevision.objects.earliest("pk")
    new = Question.objects.latest("pk")
    client.post(url("restore", before.pk))
    assert not quiz.questions.filter(pk=new.pk).exists()
    client.post(url("add-question", quiz.pk), {"kind": "true_false"})
    new = Question.objects.latest("pk")
    submit_quiz(user=make_user("alice"), quiz=quiz, answers={}, anyway=True)
    client.post(url("restore", before.pk))
    assert quiz.questions.last() == new
    assert list(quiz.questions.values_list("position", flat=True)) == [1, 2, 3]


def test_a_revision_from_before_questions_were_kept_leaves_them_alone(client, quiz, ines):
    reword(client, quiz.questions.first(), "Reworded?")
    old = LessonRevision.objects.first()
    for block in old.content["blocks"]:
        block.pop("questions", None)
    old.save()
    before = asked(quiz)
    client.post(url("restore", old.pk))
    assert asked(quiz) == before


def test_each_author_has_a_revision_and_a_pool_has_none(client, quiz):
    first = quiz.questions.first()
    reword(client, first, "One?")
    reword(client, first, "One two?")
    ivo = make_instructor("ivo")
    Enrollment.objects.create(user=ivo, course=quiz.course, role="instructor")
    client.force_login(ivo)
    reword(client, first, "Three?")
    names = list(LessonRevision.objects.values_list("author__display_name", flat=True))
    assert names == ["Ivo", "Ines", None]
    pool = quiz.course.question_pools.create(title="Crusts")
    client.post(url("add-pool-question", pool.pk), {"kind": "text"})
    client.post(url("remove-question", pool.questions.get().pk))
    assert LessonRevision.objects.count() == 3


def test_keeping_many_questions_costs_as_many_queries_as_few(client, ines, django_assert_num_queries):
    make_course("Bread", instructor=ines)
    few = make_quiz(lesson=Lesson.objects.first(), questions=1)
    many = make_quiz(lesson=Lesson.objects.last(), questions=12)
    for quiz in (few, many):
        lesson = quiz.lesson
        with django_assert_num_queries(3):  # blocks, choices, questions
            content_of(lesson)
