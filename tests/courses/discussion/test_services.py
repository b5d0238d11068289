from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import personal_data
from courses.discussion import selectors, services
from courses.models import Notification, Post, PostReport, PostVote, Thread, ThreadSubscription
from courses.services import withdraw_student
from tests.courses.discussion.factories import make_class, make_reply, make_thread
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_class()


def test_a_button_pressed_twice_posts_once(people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    assert make_thread(alice, lesson) == thread
    assert make_reply(bob, thread) == make_reply(bob, thread)
    assert Post.objects.count() == 2


def test_followers_hear_of_a_reply_and_its_author_does_not(people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    post = make_reply(bob, thread)
    told = Notification.objects.get()
    assert (told.user, told.kind, told.url) == (alice, "reply", f"/discussion/posts/{post.pk}/")
    make_reply(alice, thread, "Thanks")
    assert Notification.objects.filter(user=bob).count() == 1, "whoever replies follows"


def test_who_stopped_following_or_left_hears_nothing(people):
    course, lesson, alice, bob, ines = people
    thread = make_thread(alice, lesson)
    make_reply(bob, thread)
    services.subscribe(thread=thread, user=bob, is_on=False)
    make_reply(bob, thread, "One more thing")
    withdraw_student(user=alice, course=course)
    Notification.objects.all().delete()
    make_reply(ines, thread, "Good question")
    assert not Notification.objects.exists()


def test_whose_answer_is_accepted_hears_of_it_once(people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    post = make_reply(bob, thread)
    for accepted in (True, False, True):
        services.accept_answer(post=post, user=alice, accepted=accepted)
    assert Notification.objects.filter(user=bob, kind="accepted").count() == 1


def test_a_deleted_reply_is_taken_out_of_what_others_were_told(people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    services.delete_post(post=make_reply(bob, thread))
    assert not Notification.objects.exists()


def test_a_deleted_title_is_taken_out_of_what_others_were_told(people):
    _course, lesson, alice, bob, ines = people
    thread = make_thread(alice, lesson)
    make_reply(bob, thread)
    make_reply(ines, thread)
    services.delete_post(post=thread.posts.get(is_opening=True))
    assert not Notification.objects.exists()


def test_old_posts_do_not_count_for_the_limit(people):
    _course, lesson, alice, _bob, _ines = people
    for number in range(10):
        make_thread(alice, lesson, f"Question {number}")
    with pytest.raises(services.TooManyPosts, match="ten minutes"):
        make_thread(alice, lesson, "The eleventh")
    Post.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert make_thread(alice, lesson, "The eleventh")


def test_the_database_keeps_one_opening_a_thread_and_no_words_of_deleted_posts(people):
    _course, lesson, alice, _bob, _ines = people
    thread = make_thread(alice, lesson)
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(thread=thread, author=alice, is_opening=True, body="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.update(deleted_at=timezone.now())


def test_a_search_finds_what_one_may_read(people):
    _course, lesson, alice, bob, ines = people
    shown, hidden = make_thread(alice, lesson), make_thread(alice, lesson, "Rude")
    services.hide_post(post=hidden.posts.get(), moderator=ines, reason="Rude")
    assert set(selectors.searchable(bob)) == {shown}
    assert set(selectors.searchable(ines)) == {shown, hidden}
    assert not selectors.searchable(make_user("charlie")).exists()
    lesson.status = "draft"
    lesson.save()
    assert not selectors.searchable(bob).exists()


def test_the_assistants_words_are_an_answer(people):
    course, lesson, alice, _bob, _ines = people
    asha = make_user("asha")
    enroll(asha, course, role="assistant")
    thread = make_thread(alice, lesson)
    assert list(Thread.objects.unanswered(course)) == [thread]
    post = make_reply(asha, thread)
    assert not Thread.objects.unanswered(course).exists()
    services.delete_post(post=post)
    assert list(Thread.objects.unanswered(course)) == [thread]


def test_taking_ones_posts_along(people):
    _course, lesson, alice, _bob, _ines = people
    thread = make_thread(alice, lesson)
    services.edit_post(post=thread.posts.get(), title="Why squares, really?", body="New words")
    exported = personal_data.export_all(alice)["discussion"]
    post = exported["posts"][0]
    assert (post["thread"], post["body"]) == ("Why squares, really?", "New words")
    assert post["earlier"][0]["title"] == "Why squares?"


def test_an_erased_account_leaves_places_without_words_only_where_others_answered(people):
    _course, lesson, alice, bob, _ines = people
    answered = make_thread(alice, lesson, "Alice's answered question", "Alice's words")
    reply = make_reply(bob, answered)
    alone = make_thread(alice, lesson, "Alice alone")
    make_reply(alice, alone, "Alice again")
    services.edit_post(post=answered.posts.get(is_opening=True), body="Alice's second words")
    bobs = make_thread(bob, lesson, "Bob asks")
    make_reply(alice, bobs, "Alice guesses")
    services.vote(post=reply, user=alice)
    services.report_post(post=reply, user=alice, reason="Hm")
    personal_data.erase_all(alice)
    assert set(Thread.objects.all()) == {answered, bobs}
    left = answered.posts.get(is_opening=True)
    answered.refresh_from_db()
    assert (left.author, left.body, answered.title, answered.author) == (None, "", "", None)
    assert not left.revisions.exists()
    assert bobs.posts.count() == 1
    for model in (PostVote, PostReport):
        assert not model.objects.exists()
    assert not ThreadSubscription.objects.filter(user=alice).exists()
    assert not Notification.objects.filter(title__contains="Alice").exists()


def test_the_same_title_with_other_words_is_another_thread(people):
    _course, lesson, alice, _bob, _ines = people
    assert make_thread(alice, lesson) != make_thread(alice, lesson, body="What I forgot to say")


def test_a_teacher_may_answer_a_long_queue(people):
    _course, lesson, alice, _bob, ines = people
    thread = make_thread(alice, lesson)
    for number in range(12):
        make_reply(ines, thread, f"Answer {number}", moderates=True)
    assert thread.posts.count() == 13


def test_what_is_hidden_is_taken_out_of_what_people_were_told(people):
    _course, lesson, alice, bob, ines = people
    thread = make_thread(alice, lesson, "A rude title")
    make_reply(bob, thread)
    make_reply(ines, thread)
    services.hide_post(post=thread.posts.get(is_opening=True), moderator=ines, reason="Rude")
    assert not Notification.objects.exists()
