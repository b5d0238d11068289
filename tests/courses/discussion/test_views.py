"""A lesson's discussion as each person meets it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from courses.discussion import services
from courses.models import Post, Thread
from tests.courses.discussion.factories import make_class, make_reply, make_thread
from tests.factories import enroll, make_instructor, make_user

pytestmark = pytest.mark.django_db

ASKED = {"title": "Why squares?", "body": "Why **square**?", "kind": "question", "block": ""}


def url(name, *args):
    return reverse(f"discussion:{name}", args=args)


@pytest.fixture
def people():
    return make_class()


@pytest.fixture
def asked(people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    return thread, make_reply(bob, thread)


def test_asking_about_a_part_of_the_lesson(client, people):
    _course, lesson, alice, _bob, _ines = people
    client.force_login(alice)
    block = lesson.blocks.first()
    page = client.post(url("lesson", lesson.pk), {**ASKED, "block": block.pk}, follow=True)
    assertContains(page, "<strong>square</strong>")
    assertContains(page, f"#block-{block.pk}")
    thread = Thread.objects.get()
    assert (thread.author, thread.block, thread.posts.get().is_opening) == (alice, block, True)
    assertContains(client.get(lesson.get_absolute_url()), "1 thread about this lesson")
    assertContains(client.get(lesson.get_absolute_url()), "Ask about this lesson")


def test_a_part_of_another_lesson_is_refused_and_nothing_typed_is_lost(client, people):
    course, lesson, alice, _bob, _ines = people
    other = course.modules.get().lessons.exclude(pk=lesson.pk).first().blocks.first()
    client.force_login(alice)
    page = client.post(url("lesson", lesson.pk), {**ASKED, "title": "", "block": other.pk})
    assertContains(page, "Why **square**?", status_code=422)
    assert not Thread.objects.exists()


def test_what_people_write_cannot_run(client, people):
    _course, lesson, alice, _bob, _ines = people
    thread = make_thread(
        alice, lesson, title="<script>1</script>", body="<img src=x onerror=alert(1)> [x](javascript:1)"
    )
    client.force_login(alice)
    html = client.get(thread.get_absolute_url()).content.decode()
    assert "<script>1" not in html and "<img src=x" not in html and 'href="javascript' not in html


@pytest.mark.parametrize("who, status", [("alice", 200), ("bob", 200), ("ines", 200), ("charlie", 404), ("ivo", 404)])
def test_who_reads_a_thread(client, people, asked, who, status):
    course, lesson, alice, bob, ines = people
    thread, post = asked
    users = {"alice": alice, "bob": bob, "ines": ines, "charlie": make_user("charlie"), "ivo": make_instructor("ivo")}
    client.force_login(users[who])
    assert client.get(thread.get_absolute_url()).status_code == status
    assert client.get(url("lesson", lesson.pk)).status_code == status
    assert client.get(url("course", course.slug)).status_code == status
    assert client.get(url("post", post.pk), follow=True).status_code == status
    if status == 404:
        assert client.post(thread.get_absolute_url(), {"body": "Me too"}).status_code == 404
        assert client.post(url("lesson", lesson.pk), ASKED).status_code == 404
        for name in ("follow", "moderate"):
            assert client.post(url(name, thread.pk), {"on": "1", "action": "pin"}).status_code == 404
        for name in ("act", "edit", "delete", "report", "hide", "show"):
            assert client.post(url(name, post.pk), {"action": "vote", "reason": "x", "body": "y"}).status_code == 404
        assert client.get(url("history", post.pk)).status_code == 404


def test_a_visitor_signs_in_first(client, people, asked):
    course, lesson, *_ = people
    thread, post = asked
    for path in (
        *(
            url("lesson", lesson.pk),
            url("course", course.slug),
            url("questions", course.slug),
            url("thread", thread.pk),
        ),
        *(url("reports", course.slug), url("post", post.pk), url("edit", post.pk), url("history", post.pk)),
    ):
        assert client.get(path).url.startswith("/accounts/login/")
    for name in ("act", "delete", "report", "hide", "show"):
        assert client.post(url(name, post.pk)).url.startswith("/accounts/login/")


def test_a_student_moderates_nothing_and_edits_only_their_own(client, people, asked):
    course, _lesson, alice, bob, _ines = people
    thread, post = asked
    client.force_login(alice)
    assert client.get(url("questions", course.slug)).status_code == 404
    assert client.get(url("reports", course.slug)).status_code == 404
    assert client.post(url("moderate", thread.pk), {"action": "pin"}).status_code == 404
    assert client.post(url("hide", post.pk), {"reason": "x"}).status_code == 404
    assert client.post(url("edit", post.pk), {"body": "mine now"}).status_code == 403
    assert client.post(url("delete", post.pk)).status_code == 403
    assert client.get(url("history", post.pk)).status_code == 403
    assert client.post(url("act", post.pk), {"action": "endorse"}).status_code == 403
    assert client.post(url("act", post.pk), {"action": "no-such"}).status_code == 400
    client.force_login(bob)
    assert client.post(url("act", post.pk), {"action": "accept"}).status_code == 403
    assert client.post(url("act", post.pk), {"action": "vote"}).status_code == 403, "nobody votes for themselves"


def test_whoever_asked_accepts_and_can_take_it_back(client, people, asked):
    _course, _lesson, alice, _bob, _ines = people
    thread, post = asked
    client.force_login(alice)
    assertContains(client.post(url("act", post.pk), {"action": "accept"}, follow=True), "Accepted answer")
    client.post(url("act", post.pk), {"action": "unaccept"})
    thread.refresh_from_db()
    assert thread.accepted is None


def test_a_teacher_endorses_and_an_assistant_closes(client, people, asked):
    course, _lesson, alice, _bob, ines = people
    thread, post = asked
    client.force_login(ines)
    assertContains(client.post(url("act", post.pk), {"action": "endorse"}, follow=True), "Endorsed by Ines")
    asha = make_user("asha")
    enroll(asha, course, role="assistant")
    client.force_login(asha)
    assertContains(client.post(url("moderate", thread.pk), {"action": "lock"}, follow=True), "Open again")
    client.force_login(alice)
    page = client.get(thread.get_absolute_url())
    assertContains(page, "closed this discussion")
    assertNotContains(page, "Post your reply")
    page = client.post(thread.get_absolute_url(), {"body": "But I had more to say"})
    assertContains(page, "But I had more to say", status_code=409)
    client.force_login(asha)
    assert client.post(thread.get_absolute_url(), {"body": "A last word"}).status_code == 302


def test_an_edit_is_said_and_its_history_is_kept(client, people, asked):
    _course, _lesson, alice, bob, ines = people
    thread, post = asked
    client.force_login(bob)
    page = client.post(url("edit", post.pk), {"body": "Because of the signs of differences."}, follow=True)
    assertContains(page, "edited")
    client.force_login(ines)
    assertContains(client.get(url("history", post.pk)), "Because of signs.")
    client.force_login(alice)
    page = client.get(thread.get_absolute_url())
    assertContains(page, "edited")
    assertNotContains(page, url("history", post.pk))


def test_deleting_an_answered_question_keeps_its_place(client, people, asked):
    _course, _lesson, alice, _bob, _ines = people
    thread, _post = asked
    client.force_login(alice)
    opening = thread.posts.get(is_opening=True)
    page = client.post(url("delete", opening.pk), follow=True)
    assertContains(page, "was deleted by its author")
    assertContains(page, "Because of signs.")
    assertNotContains(page, "Why squares")
    assert Post.objects.get(pk=opening.pk).body == ""


def test_deleting_what_nobody_answered_leaves_nothing(client, people, asked):
    _course, lesson, alice, bob, _ines = people
    thread, post = asked
    client.force_login(bob)
    client.post(url("delete", post.pk))
    assert not Post.objects.filter(pk=post.pk).exists()
    client.force_login(alice)
    assertRedirects(client.post(url("delete", thread.posts.get().pk)), url("lesson", lesson.pk))
    assert not Thread.objects.exists()


def test_helpful_counts_once_a_person(client, people, asked):
    _course, _lesson, alice, _bob, _ines = people
    _thread, post = asked
    client.force_login(alice)
    for _ in range(2):
        client.post(url("act", post.pk), {"action": "vote"})
    assert post.votes.count() == 1
    client.post(url("act", post.pk), {"action": "unvote"})
    assert post.votes.count() == 0


def test_a_reported_post_is_hidden_with_a_reason(client, people, asked):
    course, _lesson, alice, bob, ines = people
    thread, post = asked
    client.force_login(alice)
    assertContains(client.post(url("report", post.pk), {"reason": ""}), "required", status_code=422)
    client.post(url("report", post.pk), {"reason": "It gives the solution away"})
    client.force_login(ines)
    assertContains(client.get(url("reports", course.slug)), "It gives the solution away")
    client.post(url("hide", post.pk), {"reason": "A solution"})
    assertContains(client.get(url("reports", course.slug)), "Nothing was reported")
    client.force_login(alice)
    page = client.get(thread.get_absolute_url())
    assertContains(page, "Hidden by the teaching team: A solution")
    assertNotContains(page, "Because of signs.")
    client.force_login(bob)
    assertContains(client.get(thread.get_absolute_url()), "Because of signs.")
    client.force_login(ines)
    client.post(url("show", post.pk))
    client.force_login(alice)
    assertContains(client.get(thread.get_absolute_url()), "Because of signs.")


def test_a_hidden_thread_is_gone_for_students_but_its_author(client, people, asked):
    _course, lesson, alice, bob, ines = people
    thread, _post = asked
    services.hide_post(post=thread.posts.get(is_opening=True), moderator=ines, reason="Off topic")
    for user, status in ((alice, 200), (bob, 404), (ines, 200)):
        client.force_login(user)
        assert client.get(thread.get_absolute_url()).status_code == status
    client.force_login(bob)
    assertNotContains(client.get(url("lesson", lesson.pk)), "Why squares")


def test_the_queue_has_the_oldest_first_and_forgets_what_was_answered(client, people):
    course, lesson, alice, bob, ines = people
    first, second, _third = (make_thread(alice, lesson, f"Question {n}") for n in (1, 2, 3))
    make_thread(alice, lesson, "Only a comment", kind="comment")
    make_reply(bob, first)  # another student's guess is no answer yet
    make_reply(ines, second)
    client.force_login(ines)
    page = client.get(url("questions", course.slug)).content.decode()
    assert page.index("Question 1") < page.index("Question 3")
    assert "Question 2" not in page and "Only a comment" not in page
    client.force_login(alice)
    client.post(url("act", first.posts.get(is_opening=False).pk), {"action": "accept"})
    client.force_login(ines)
    assertNotContains(client.get(url("questions", course.slug)), "Question 1")


def test_a_course_lists_all_unanswered_and_mine(client, people):
    course, lesson, alice, bob, ines = people
    make_thread(alice, lesson, "Alice asks")
    thread = make_thread(bob, lesson, "Bob asks")
    make_reply(ines, thread)
    client.force_login(alice)
    for show, there, not_there in (
        ("all", "Bob asks", None),
        ("unanswered", "Alice", "Bob asks"),
        ("mine", "Alice", "Bob asks"),
    ):
        page = client.get(url("course", course.slug), {"show": show})
        assertContains(page, there)
        if not_there:
            assertNotContains(page, not_there)


def test_the_eleventh_post_within_ten_minutes_waits_with_its_words(client, people):
    _course, lesson, alice, _bob, _ines = people
    for number in range(10):
        make_thread(alice, lesson, f"Question {number}")
    client.force_login(alice)
    page = client.post(url("lesson", lesson.pk), {**ASKED, "body": "My long question"})
    assertContains(page, "which is the most here", status_code=429)
    assertContains(page, "My long question", status_code=429)
    assert Thread.objects.count() == 10


def test_lists_cost_the_same_for_many_threads(client, people):
    course, lesson, alice, bob, ines = people
    for number in range(4):
        thread = make_thread(alice, lesson, f"Question {number}")
        make_reply(bob, thread)
        services.report_post(post=thread.posts.first(), user=bob, reason="Why")
    client.force_login(ines)
    # session, user; course; in it; role; count; threads; the bell
    with assertNumQueries(8):
        client.get(url("questions", course.slug))
    with assertNumQueries(9):  # and which lessons are closed
        client.get(url("course", course.slug))
    # session, user; course; in it; role; count; posts; their reports; the bell
    with assertNumQueries(9):
        client.get(url("reports", course.slug))
    # session, user; lesson; role; count; threads; the lesson's blocks for the form; the bell
    with assertNumQueries(8):
        client.get(url("lesson", lesson.pk))


def test_hundreds_of_questions_that_wait_come_in_pages_at_the_same_cost(client, people):
    course, lesson, alice, _bob, ines = people
    start = timezone.now() - timedelta(days=30)
    threads = Thread.objects.bulk_create(
        Thread(
            lesson=lesson,
            author=alice,
            kind="question",
            title=f"Question {n:03}.",
            created_at=start + timedelta(minutes=n),
        )
        for n in range(300)
    )
    Post.objects.bulk_create(Post(thread=thread, author=alice, body="Why?", is_opening=True) for thread in threads)
    client.force_login(ines)
    for page, first, last in (("1", 0, 49), ("6", 250, 299)):
        with assertNumQueries(8):  # as for four of them, above
            shown = client.get(url("questions", course.slug), {"page": page}).content.decode()
        assert "300 questions, oldest first" in shown
        assert f"Question {first:03}." in shown
        assert f"Question {last:03}." in shown
        assert shown.count("Question ") == 50
        assert "Older" not in shown  # the next page has newer ones
    with assertNumQueries(8):
        client.get(url("lesson", lesson.pk))


def test_a_thread_costs_the_same_for_many_posts(client, people):
    _course, lesson, alice, bob, _ines = people
    thread = make_thread(alice, lesson)
    for number in range(6):
        make_reply(bob, thread, f"Reply {number}")
    client.force_login(alice)
    # session, user; thread; is its lesson open; role; count; posts; do I follow; the bell
    with assertNumQueries(9):
        client.get(thread.get_absolute_url())


def test_an_archived_course_is_read_only(client, people, asked):
    course, lesson, alice, _bob, _ines = people
    thread, _post = asked
    course.status = "archived"
    course.save()
    client.force_login(alice)
    assertNotContains(client.get(thread.get_absolute_url()), "Post your reply")
    assert client.post(thread.get_absolute_url(), {"body": "One more"}).status_code == 403
    assert client.post(url("lesson", lesson.pk), ASKED).status_code == 403


def test_what_is_pinned_stands_first_then_what_was_said_last(client, people):
    _course, lesson, alice, bob, ines = people
    first, second, _third = (make_thread(alice, lesson, f"Question {n}") for n in (1, 2, 3))
    make_reply(bob, first)
    services.moderate_thread(thread=second, moderator=ines, action="pin")
    client.force_login(alice)
    page = client.get(url("lesson", lesson.pk)).content.decode()
    assert page.index("Question 2") < page.index("Question 1") < page.index("Question 3")
    assert "1 reply" in page


def test_the_search_finds_a_thread_by_its_title_and_its_first_words(client, people):
    _course, lesson, alice, _bob, _ines = people
    thread = make_thread(alice, lesson, title="Why does it rise?", body="My sourdough sleeps.")

    def finds(words: str) -> bool:
        return thread.get_absolute_url() in client.get("/search/", {"q": words}).content.decode()

    for user, found in ((alice, True), (make_user("charlie"), False)):
        client.force_login(user)
        assert finds("rise") is finds("sourdough") is found
    Post.objects.update(hidden_at=timezone.now(), hidden_reason="Rude.")
    client.force_login(alice)
    assert not finds("sourdough")
