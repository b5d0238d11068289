"""Beside a lesson that is not open to somebody there is no discussion for them either, on pages and over REST."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.discussion import services
from courses.models import Lesson, Post, Thread
from courses.release.locks import Locked
from tests.courses.discussion.factories import make_class, make_reply, make_thread
from tests.factories import enroll, make_admin, make_user

pytestmark = pytest.mark.django_db

WORDS = {"title": "Me too", "body": "Why?", "kind": "question", "reason": "Rude", "action": "vote", "on": "1"}
JSON = {"content_type": "application/json"}


@pytest.fixture
def people():
    course, _lesson, alice, bob, ines = make_class()
    people = {"alice": alice, "bob": bob, "ines": ines, "olga": make_user("olga"), "anton": make_user("anton")}
    enroll(people["olga"], course, role="observer")
    enroll(people["anton"], course, role="assistant")
    return {**people, "admin": make_admin()}


@pytest.fixture
def lesson(people):
    return Lesson.objects.order_by("pk").first()


@pytest.fixture
def thread(people, lesson):
    return make_thread(people["alice"], lesson, title="Why squares?")


@pytest.fixture
def post(people, thread):
    return make_reply(people["bob"], thread, "Because of signs.")


def close(lesson, how: str) -> None:
    if how == "date":
        Lesson.objects.filter(pk=lesson.pk).update(opens_at=timezone.now() + timedelta(days=1))
    else:
        lesson.prerequisites.add(lesson.module.lessons.exclude(pk=lesson.pk).first())


def asked(client, lesson, thread, post) -> dict[str, int]:
    """What each page and endpoint answers about a thread and a post of somebody else."""

    def page(name, pk, method="get"):
        return getattr(client, method)(reverse(f"discussion:{name}", args=[pk]), WORDS).status_code

    def api(method, path, sent=None):
        return getattr(client, method)(f"/api/v1/{path}", sent, **(JSON if method != "get" else {})).status_code

    return {
        "lesson": page("lesson", lesson.pk),
        "thread": page("thread", thread.pk),
        "ask": page("lesson", lesson.pk, "post"),
        "reply": page("thread", thread.pk, "post"),
        "follow": page("follow", thread.pk, "post"),
        "act": page("act", post.pk, "post"),
        "report": page("report", post.pk, "post"),
        "post": page("post", post.pk),
        "api thread": api("get", f"threads/{thread.pk}/"),
        "api ask": api("post", "threads/", {**WORDS, "title": "Again", "lesson": lesson.pk}),
        "api follow": api("post", f"threads/{thread.pk}/follow/", {"on": True}),
        "api post": api("get", f"posts/{post.pk}/"),
        "api reply": api("post", "posts/", {"thread": thread.pk, "body": "Yes."}),
        "api act": api("post", f"posts/{post.pk}/act/", {"action": "vote"}),
        "api report": api("post", f"posts/{post.pk}/report/", {"reason": "Rude"}),
    }


@pytest.mark.parametrize(
    ("who", "dated", "after"),
    [
        ("alice", True, True),
        ("olga", True, False),  # observers complete nothing, so only dates hold for them
        ("anton", False, False),
        ("ines", False, False),
        ("admin", False, False),
    ],
)
@pytest.mark.parametrize("how", ["date", "after"])
def test_who_reads_and_writes_beside_a_closed_lesson(client, people, lesson, thread, post, how, who, dated, after):
    client.force_login(people[who])
    before = asked(client, lesson, thread, post)
    close(lesson, how)
    written = Thread.objects.count(), Post.objects.count()
    is_closed = dated if how == "date" else after
    answers = asked(client, lesson, thread, post)
    assert answers == (dict.fromkeys(before, 403) if is_closed else before)
    if is_closed:
        assert (Thread.objects.count(), Post.objects.count()) == written
    listed = [client.get(f"/api/v1/{rows}/").json()["results"] for rows in ("threads", "posts")]
    assert all(listed) is not is_closed
    shown = assertNotContains if is_closed else assertContains
    shown(client.get(reverse("discussion:course", args=[lesson.course.slug])), "Why squares?")


def test_the_page_says_when_it_opens(client, people, lesson, thread):
    close(lesson, "after")
    client.force_login(people["alice"])
    assertContains(client.get(thread.get_absolute_url()), "is not open yet. After: Lesson 1.2.", status_code=403)


def test_a_post_that_raced_with_the_lock_is_refused(people, lesson, thread):
    close(lesson, "date")
    with pytest.raises(Locked):
        services.start_thread(user=people["bob"], lesson=lesson, kind="question", title="Why?", body="Why?")
    with pytest.raises(Locked):
        services.reply(user=people["bob"], thread=thread, body="Why?")


def test_ones_own_words_can_go_all_the_same_and_are_not_changed(client, people, lesson, thread, post):
    mine = make_reply(people["bob"], thread, "Another.")
    close(lesson, "date")
    client.force_login(people["bob"])
    assert client.post(reverse("discussion:edit", args=[post.pk]), {"body": "New"}).status_code == 403
    assert client.patch(f"/api/v1/posts/{post.pk}/", {"body": "New"}, **JSON).status_code == 403
    assert client.get(reverse("discussion:history", args=[post.pk])).status_code == 200
    gone = client.post(reverse("discussion:delete", args=[mine.pk]), follow=True)
    assert gone.redirect_chain[-1][0] == lesson.course.get_absolute_url()
    assertContains(gone, "Your words are deleted.")
    assert client.delete(f"/api/v1/posts/{post.pk}/").status_code == 204
    assert list(Post.objects.filter(author=people["bob"])) == []
