from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.models import BlockProgress, QuestionPool, QuizAccommodation, QuizAttempt, QuizDraw
from courses.quizzes import layouts, services
from courses.quizzes.signals import attempt_submitted
from tests.courses.quizzes.factories import all_right, make_question, make_quiz_of_all_kinds, right_answer
from tests.factories import make_lesson, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


def timed(**extra):
    return make_quiz(lesson=make_lesson(), minutes=30, **extra)


# --- Times at questions ---


def times(alice, quiz) -> list:
    attempt = QuizAttempt.objects.of(alice, quiz).unsubmitted().get()
    return [attempt.seconds.get(str(question.pk)) for question in quiz.questions.all()]


def test_the_time_since_the_last_save_goes_to_what_was_answered(alice, clock):
    quiz = timed(questions=4)
    right = right_answers(quiz)
    first, second, third, fourth = right
    services.begin_attempt(user=alice, quiz=quiz)
    clock(0.5)
    services.save_answers(user=alice, quiz=quiz, answers={first: right[first]})
    clock(2 / 60)
    services.save_answers(user=alice, quiz=quiz, answers={second: right[second]})
    clock(1)
    services.save_answers(user=alice, quiz=quiz, answers={third: right[third], fourth: right[fourth]})
    assert times(alice, quiz) == [30, 2, 30, 30]
    clock(0.1)  # thought over: its times add up; what is sent along unchanged took none
    other = quiz.questions.get(pk=second).choices.last().pk
    services.save_answers(user=alice, quiz=quiz, answers={**right, second: [other]})
    assert times(alice, quiz) == [30, 8, 30, 30]


def test_where_the_first_answer_begins_the_attempt_its_time_is_unknown_for_good(alice, clock):
    quiz = make_quiz(lesson=make_lesson(), questions=3)
    right = right_answers(quiz)
    first, second, _third = right
    services.save_answers(user=alice, quiz=quiz, answers={first: right[first]})
    clock(2 / 60)
    services.save_answers(user=alice, quiz=quiz, answers={second: right[second]})
    clock(1 / 60)
    services.save_answers(user=alice, quiz=quiz, answers={first: [quiz.questions.first().choices.last().pk]})
    assert times(alice, quiz) == [None, 2, None]


def test_an_attempt_from_before_times_were_taken_has_none(alice, clock):
    quiz = timed(questions=2)
    right = right_answers(quiz)
    first, _second = right
    services.begin_attempt(user=alice, quiz=quiz)
    services.save_answers(user=alice, quiz=quiz, answers={first: right[first]})
    QuizAttempt.objects.update(seconds={})
    clock(1 / 60)
    services.save_answers(user=alice, quiz=quiz, answers={first: [quiz.questions.first().choices.last().pk]})
    assert times(alice, quiz) == [None, None]


def test_who_hears_of_an_attempt_hears_its_times_and_the_attempt_keeps_none(alice, clock):
    quiz = timed(questions=2)
    heard = []

    def hear(attempt, **_):
        heard.append(attempt.seconds)

    attempt_submitted.connect(hear)
    try:
        services.begin_attempt(user=alice, quiz=quiz)
        clock(0.5)
        services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz))
    finally:
        attempt_submitted.disconnect(hear)
    assert [sorted(each.values()) for each in heard] == [[15, 15]]
    assert QuizAttempt.objects.get().seconds == {}


# --- Scoring and handing in ---


def test_all_right_is_a_hundred_percent_in_every_kind(alice):
    quiz = make_quiz_of_all_kinds()
    attempt = services.submit_quiz(user=alice, quiz=quiz, answers=all_right(quiz))
    assert set(attempt.results.values()) == {1.0}
    assert (attempt.points, attempt.max_points, attempt.score_percent) == (8, 8, 100)
    assert attempt.passed


def test_a_wrong_choice_costs_its_question_only(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=3)
    answers = right_answers(quiz)
    question = quiz.questions.first()
    answers[question.pk] = [question.choices.last().pk]
    assert services.submit_quiz(user=alice, quiz=quiz, answers=answers).score_percent == 67


def test_points_weigh_and_parts_count(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=0)
    single, multiple = make_question(quiz, "single", points=3), make_question(quiz, "multiple")
    half = right_answer(multiple)[:1]
    attempt = services.submit_quiz(user=alice, quiz=quiz, answers={single.pk: right_answer(single), multiple.pk: half})
    assert (attempt.points, attempt.max_points, attempt.score_percent) == (3.5, 4, 88)


def test_choices_of_another_question_do_not_count_as_answers(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=2)
    first, second = quiz.questions.all()
    stranger = second.choices.first().pk
    with pytest.raises(services.UnansweredQuestions) as refused:
        services.submit_quiz(user=alice, quiz=quiz, answers={first.pk: [stranger], second.pk: [stranger]})
    assert refused.value.question_ids == [first.pk]
    assert not QuizAttempt.objects.submitted().exists()


def test_answers_that_are_not_whole_are_told_and_kept(alice):
    quiz = make_quiz_of_all_kinds()
    answers = all_right(quiz)
    by_kind = {question.kind: question.pk for question in quiz.questions.all()}
    answers[by_kind["numeric"]] = "about three"
    answers[by_kind["fill"]] = ["Paris", " "]
    one, *_rest = answers[by_kind["matching"]].items()
    answers[by_kind["matching"]] = dict([one])
    answers[by_kind["ordering"]] = dict.fromkeys(answers[by_kind["ordering"]], 1)
    with pytest.raises(services.UnansweredQuestions) as refused:
        services.submit_quiz(user=alice, quiz=quiz, answers=answers)
    assert set(refused.value.problems) == {by_kind[kind] for kind in ("numeric", "fill", "matching", "ordering")}
    kept = QuizAttempt.objects.get().answers
    assert kept[str(by_kind["numeric"])] == "about three"
    assert services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True).points == 4 + 0.5 + 0.5


def test_a_second_press_is_the_same_attempt_and_has_no_second_effect(alice, handed_in):
    quiz = make_quiz(lesson=make_lesson())
    first = services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    again = services.submit_quiz(user=alice, quiz=quiz, answers={}, number=1)
    assert again == first
    assert again.score_percent == 100
    assert handed_in == [first.pk]
    assert services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz), number=2).number == 2


def test_a_later_worse_attempt_overwrites_nothing(alice):
    quiz = make_quiz(lesson=make_lesson())
    services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz))
    services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True)
    assert list(QuizAttempt.objects.order_by("number").values_list("score_percent", flat=True)) == [100, 0]
    assert QuizAttempt.objects.best_shares().get()["best"] == 1


def test_passing_completes_the_block(alice):
    quiz = make_quiz(lesson=make_lesson(), pass_percent=60)
    quiz.block.rule = "passed"
    quiz.block.save()
    services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True)
    assert not BlockProgress.objects.exclude(completed_at=None).exists()
    services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz))
    assert BlockProgress.objects.exclude(completed_at=None).exists()


# --- Saving ---


def test_what_was_saved_is_there_on_another_device(alice):
    quiz = make_quiz(lesson=make_lesson())
    first, second = right_answers(quiz).items()
    services.save_answers(user=alice, quiz=quiz, answers=dict([first]), number=1)
    services.save_answers(user=alice, quiz=quiz, answers=dict([second]), number=1)
    assert QuizAttempt.objects.get().answers == {str(pk): picked for pk, picked in (first, second)}
    assert services.submit_quiz(user=alice, quiz=quiz, answers={}, number=1).score_percent == 100


def test_an_answer_can_be_taken_back(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=1)
    (question, picked), *_ = right_answers(quiz).items()
    services.save_answers(user=alice, quiz=quiz, answers={question: picked})
    services.save_answers(user=alice, quiz=quiz, answers={question: []})
    assert QuizAttempt.objects.get().answers == {}


def test_a_window_left_open_neither_saves_nor_begins_anything(alice):
    quiz = make_quiz(lesson=make_lesson())
    services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    with pytest.raises(services.HandedIn):
        services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    assert QuizAttempt.objects.count() == 1


def test_a_timed_quiz_is_begun_first(alice):
    with pytest.raises(services.NotBegun):
        services.save_answers(user=alice, quiz=timed(), answers={})


# --- Limits ---


def test_beginning_twice_is_one_attempt(alice):
    quiz = timed(attempt_limit=1)
    assert services.begin_attempt(user=alice, quiz=quiz) == services.begin_attempt(user=alice, quiz=quiz)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuizAttempt.objects.create(user=alice, quiz=quiz, number=2)


def test_attempts_are_counted_and_one_may_be_given_more(alice):
    quiz = make_quiz(lesson=make_lesson(), attempt_limit=1)
    services.begin_attempt(user=alice, quiz=quiz)
    services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz))
    with pytest.raises(services.NoAttemptLeft):
        services.begin_attempt(user=alice, quiz=quiz)
    QuizAccommodation.objects.create(quiz=quiz, user=alice, extra_attempts=1)
    assert services.begin_attempt(user=alice, quiz=quiz).number == 2


def test_a_late_answer_is_refused_and_what_was_saved_counts(alice, clock, handed_in):
    quiz = timed()
    first, second = right_answers(quiz).items()
    attempt = services.begin_attempt(user=alice, quiz=quiz)
    clock(29)
    services.save_answers(user=alice, quiz=quiz, answers=dict([first]), number=1)
    clock(2)
    with pytest.raises(services.TimeIsUp, match="saved by then counts"):
        services.save_answers(user=alice, quiz=quiz, answers=dict([second]), number=1)
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.expired, attempt.submitted_at) == (50, True, attempt.deadline)
    assert handed_in == [attempt.pk]


def test_handing_in_late_gives_the_result_of_what_was_saved(alice, clock):
    quiz = timed()
    first, _second = right_answers(quiz).items()
    services.begin_attempt(user=alice, quiz=quiz)
    services.save_answers(user=alice, quiz=quiz, answers=dict([first]), number=1)
    clock(31)
    attempt = services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    assert (attempt.score_percent, attempt.expired) == (50, True)


def test_the_sweep_hands_in_what_nobody_came_back_to(alice, clock, handed_in):
    quiz, open_ended = timed(), make_quiz(lesson=make_lesson())
    services.begin_attempt(user=alice, quiz=quiz)
    services.begin_attempt(user=make_user("bob"), quiz=quiz)
    services.begin_attempt(user=alice, quiz=open_ended)
    clock(29)
    assert services.close_expired_attempts() == 0
    clock(2)
    assert services.close_expired_attempts() == 2
    assert services.close_expired_attempts() == 0
    assert len(handed_in) == 2
    assert QuizAttempt.objects.unsubmitted().get().quiz == open_ended


def test_extra_time(alice, clock):
    quiz = timed()
    QuizAccommodation.objects.create(quiz=quiz, user=alice, time_factor=1.5)
    assert services.begin_attempt(user=alice, quiz=quiz).deadline == timezone.now() + timedelta(minutes=45)
    bob = make_user("bob")
    assert services.begin_attempt(user=bob, quiz=quiz).deadline == timezone.now() + timedelta(minutes=30)


def test_extra_time_given_while_somebody_answers(alice, clock):
    quiz = timed()
    attempt = services.begin_attempt(user=alice, quiz=quiz)
    clock(20)
    more = QuizAccommodation.objects.create(quiz=quiz, user=alice, time_factor=2)
    attempt.refresh_from_db()
    assert attempt.deadline == attempt.started_at + timedelta(minutes=60)
    more.delete()
    attempt.refresh_from_db()
    assert attempt.deadline == attempt.started_at + timedelta(minutes=30)


def test_limits_given_while_somebody_answers(alice, clock):
    quiz = make_quiz(lesson=make_lesson())
    attempt = services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    clock(60)
    quiz.minutes = 10
    quiz.save()
    attempt.refresh_from_db()
    assert attempt.deadline == timezone.now() + timedelta(minutes=10)
    quiz.closes_at = timezone.now() + timedelta(minutes=5)
    quiz.save()
    attempt.refresh_from_db()
    assert attempt.deadline == quiz.closes_at


def test_the_window_and_a_later_closing(alice, clock):
    now = timezone.now()
    quiz = make_quiz(lesson=make_lesson(), opens_at=now + timedelta(minutes=10), closes_at=now + timedelta(minutes=20))
    with pytest.raises(services.NotOpen, match="opens on"):
        services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    clock(15)
    services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    bob = make_user("bob")
    QuizAccommodation.objects.create(quiz=quiz, user=bob, closes_at=now + timedelta(minutes=30))
    clock(10)
    assert services.close_expired_attempts() == 1  # the closing ended it, with what was saved
    assert QuizAttempt.objects.get().score_percent == 100
    with pytest.raises(services.NotOpen, match="closed on"):
        services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz))
    assert services.submit_quiz(user=bob, quiz=quiz, answers=right_answers(quiz)).passed


def test_the_closing_ends_an_attempt_before_its_time(alice):
    closes_at = timezone.now() + timedelta(minutes=5)
    assert services.begin_attempt(user=alice, quiz=timed(closes_at=closes_at)).deadline == closes_at


# --- What is drawn ---


def test_a_pool_gives_some_and_the_same_ones_until_handed_in(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=1, attempt_limit=5)
    pool = QuestionPool.objects.create(course=quiz.course, title="Bank")
    for _ in range(20):
        make_question(pool=pool)
    QuizDraw.objects.create(quiz=quiz, pool=pool, count=3, points=2)
    drawn = set()
    for number in (1, 2):
        attempt = services.begin_attempt(user=alice, quiz=quiz)
        slots = layouts.stored(attempt)
        assert [slot.points for slot in slots] == [1, 2, 2, 2]
        assert [s.question.pk for s in slots] == [
            s.question.pk for s in layouts.draw(quiz, user_id=alice.pk, number=number)
        ]
        drawn.add(tuple(slot.question.pk for slot in slots))
        assert services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True).max_points == 7
    assert len(drawn) == 2


def test_shuffled_is_another_order_for_each_and_kept(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=8, choices=6, shuffle_questions=True, shuffle_choices=True)
    orders, choice_orders = set(), set()
    for name in ("bob", "cem", "dora"):
        attempt = services.begin_attempt(user=make_user(name), quiz=quiz)
        orders.add(tuple(slot.question.pk for slot in layouts.stored(attempt)))
        choice_orders.add(tuple(c.pk for s in layouts.stored(attempt) for c in s.choices))
        assert layouts.to_json(layouts.stored(attempt)) == attempt.layout
    assert len(orders) == len(choice_orders) == 3


def test_items_to_order_never_stand_in_their_order(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=0)
    question = make_question(quiz, "ordering")
    right = [choice.pk for choice in question.choices.all()]
    for number in range(1, 30):
        (slot,) = layouts.draw(quiz, user_id=alice.pk, number=number)
        assert [choice.pk for choice in slot.choices] != right


def test_a_question_that_lacks_something_is_left_out(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=1)
    make_question(quiz, "single", choices=[("A", "", False), ("B", "", False)])
    make_question(quiz, "numeric", number=None)
    assert len(layouts.draw(quiz, user_id=alice.pk, number=1)) == 1
    assert services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz)).max_points == 1


def test_a_question_deleted_meanwhile_costs_nobody(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=2)
    services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    quiz.questions.first().delete()
    attempt = services.submit_quiz(user=alice, quiz=quiz, answers={})
    assert (attempt.max_points, attempt.score_percent) == (1, 100)
