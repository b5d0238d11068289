import pytest

from courses import services as course_services
from courses.models import QuizAccommodation, QuizAttempt
from courses.quizzes import services
from tests.courses.quizzes.factories import all_right, make_quiz_of_all_kinds
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_answers_go_along_in_words():
    alice, bob, quiz = make_user("alice"), make_user("bob"), make_quiz_of_all_kinds()
    for user in (alice, bob):
        services.submit_quiz(user=user, quiz=quiz, answers=all_right(quiz))
    services.save_answers(user=alice, quiz=quiz, answers={quiz.questions.get(kind="text").pk: "Lyon"})
    QuizAccommodation.objects.create(quiz=quiz, user=alice, time_factor=1.5)
    QuizAccommodation.objects.create(whole_course=quiz.course, user=alice, time_factor=2)
    found = course_services.export_learning(alice)
    done, still_open = found["quiz_attempts"]
    assert done["score_percent"] == 100
    assert {told["answer"] for told in done["answers"]} == {
        *("A", "A, B", "True", "paris", "3,14"),
        *("France: Paris; Italy: Rome", "one, two, three", "Paris; seine"),
    }
    assert (still_open["submitted_at"], still_open["answers"][0]["answer"]) == (None, "Lyon")
    given = [(row["quiz"], row["whole_course"], row["time_factor"]) for row in found["quiz_accommodations"]]
    assert given == [("Check yourself", None, 1.5), (None, quiz.course.title, 2)]


def test_erasing_takes_attempts_and_accommodations_of_that_person_alone():
    alice, bob, quiz = make_user("alice"), make_user("bob"), make_quiz_of_all_kinds()
    for user in (alice, bob):
        services.submit_quiz(user=user, quiz=quiz, answers=all_right(quiz))
        services.save_answers(user=user, quiz=quiz, answers={})
        QuizAccommodation.objects.create(quiz=quiz, user=user)
        QuizAccommodation.objects.create(whole_course=quiz.course, user=user)
    course_services.erase_learning(alice)
    assert {attempt.user for attempt in QuizAttempt.objects.all()} == {bob}
    assert {extra.user for extra in QuizAccommodation.objects.all()} == {bob}
