import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.models import Block, Course, Lesson
from courses.search import selectors, sources
from courses.search.snippets import END, START, marked, passage, plain
from tests.courses.discussion.factories import make_thread
from tests.factories import enroll, make_course, make_instructor, make_lesson, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


@pytest.fixture
def course(alice):
    course = make_course("Gardening", lessons=1, blocks=1, summary="Roses and their thorns.")
    enroll(alice, course)
    Lesson.objects.for_course(course).update(title="Pruning", summary="When the secateurs come out.")
    Block.objects.for_course(course).update(title="A cut", body="Cut **above** an outward bud, at an angle.")
    return course


def kinds(user, query: str, *wanted: str) -> list[str]:
    return [hit.kind for hit in selectors.search(user, query, wanted).hits]


def test_courses_lessons_and_their_text_are_found(alice, course):
    assert kinds(alice, "thorns") == ["course"]
    assert kinds(alice, "SECATEURS") == ["lesson"]
    assert kinds(alice, "outward angle") == ["block"]
    assert kinds(alice, "outward thorns") == []


def test_a_hit_in_the_title_comes_first(alice, course):
    other = make_course("Thorns", lessons=0, summary="All of them.")
    assert [hit.url for hit in selectors.search(alice, "thorns").hits] == [
        other.get_absolute_url(),
        course.get_absolute_url(),
    ]


def test_half_a_word_of_a_title_finds_it(alice, course):
    assert kinds(alice, "Gard") == ["course"]


def test_the_page_leads_to_the_passage_with_its_hit_marked(client, course):
    page = client.get("/search/", {"q": "outward"})
    block = Block.objects.for_course(course).get()
    assertContains(page, f"/lessons/{block.lesson_id}/#block-{block.pk}")
    assertContains(page, "Cut above an <mark>outward</mark> bud, at an angle.")
    assertContains(page, "1 place found")
    assertContains(page, "Gardening, Pruning")


def test_only_what_one_may_see_is_found(client, course):
    bob, ines = make_user("bob"), make_instructor("ines")
    enroll(ines, course, role="instructor")
    Lesson.objects.for_course(course).update(status="draft")
    taken_out = Block.objects.for_course(course).get()
    assert kinds(make_user("charlie"), "outward") == []
    assert kinds(bob, "secateurs") == [] and kinds(AnonymousUser(), "secateurs") == []
    assert kinds(ines, "outward") == ["block"] and kinds(ines, "secateurs") == ["lesson"]
    for user in (bob, AnonymousUser()):
        assert kinds(user, "thorns") == ["course"]
    Course.objects.update(status="draft")
    assert kinds(bob, "thorns") == [] and kinds(ines, "thorns") == ["course"]
    Block.objects.filter(pk=taken_out.pk).update(removed_at=course.created_at)
    assert kinds(ines, "outward") == []


def test_those_who_left_find_no_lesson_text(alice, course):
    alice.enrollments.update(status="withdrawn")
    assert kinds(alice, "outward") == []


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
def test_what_a_closed_lesson_says_is_found_once_it_opens(client, alice, course, who, dated, after):
    people = {"alice": alice, "olga": make_user("olga"), "anton": make_user("anton"), "ines": make_instructor("ines")}
    people["admin"] = make_instructor("admin", is_superuser=True)
    for name, role in (("olga", "observer"), ("anton", "assistant"), ("ines", "instructor")):
        enroll(people[name], course, role=role)
    reader, lesson = people[who], Lesson.objects.for_course(course).get()
    make_thread(people["ines"], lesson, title="An outward bud?", body="How far above?")
    first = make_lesson(module=lesson.module, position=2, title="Tools")
    client.force_login(reader)

    def found() -> set[str]:
        hits = client.get("/api/v1/search/", {"q": "outward"}).json()["hits"]
        page = client.get("/search/", {"q": "outward"})
        assert [hit.kind for hit in page.context["page"].hits] == [hit["kind"] for hit in hits]
        assert ("outward</mark> bud" in page.content.decode()) is bool(hits)
        return {hit["kind"] for hit in hits}

    assert found() == {"block", "thread"}
    Lesson.objects.filter(pk=lesson.pk).update(opens_at=timezone.now() + timedelta(days=1))
    assert found() == (set() if dated else {"block", "thread"})
    assert kinds(reader, "secateurs") == ["lesson"], "its title stands in the outline"
    Lesson.objects.filter(pk=lesson.pk).update(opens_at=timezone.now() - timedelta(days=1))
    lesson.prerequisites.add(first)
    assert found() == (set() if after else {"block", "thread"})
    lesson.prerequisites.clear()
    lesson.module.prerequisites.add(first)
    assert found() == (set() if after else {"block", "thread"})
    lesson.module.prerequisites.clear()
    assert found() == {"block", "thread"}


NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    f"{START}<b>{END}{START}",
]


@pytest.mark.parametrize("text", NASTY)
def test_what_authors_and_searchers_type_stays_text(client, course, text):
    Block.objects.for_course(course).update(title=f"outward {text}", body=f"outward {text} outward")
    for query in ("outward", text, f"outward {text}"):
        page = client.get("/search/", {"q": query}).content.decode()
        for tag in ("<script>alert", "<img src", "<svg onload", "<b>"):
            assert tag not in page


def test_the_signs_of_markdown_are_not_read_aloud():
    text = """## Head
**Take with you:** a `b`, _c_ and snake_case

| x | y |
|---|:-:|
| 1 | -2 |
- item [link](http://x)
::: note Aha
body
:::"""
    assert plain(text) == "Head Take with you: a b, c and snake_case x y 1 -2 item link Aha body"


@pytest.mark.parametrize("sign", ["[", "[](", " ", "\n", "|", "`", "_", "> ", "- "])
def test_no_text_takes_long(sign):
    started = time.perf_counter()
    passage(sign * 100_000, ["needle"])
    assert time.perf_counter() - started < 2


def test_marks_never_break_an_entity():
    assert passage("salt & pepper &amp; more", ["amp"]) == "salt &amp; pepper &amp;<mark>amp</mark>; more"
    assert marked(f"a < {START}b & c{END} {START} d") == "a &lt; <mark>b &amp; c</mark>  d"


def test_a_long_text_is_cut_around_its_hit():
    text = passage("far " * 200 + "needle " + "away " * 200, ["needle"])
    assert "<mark>needle</mark>" in text and text.startswith("…") and text.endswith("…") and len(text) < 300
    assert passage("x" * 500 + "needle" + "y" * 500, ["needle"]).count("<mark>needle</mark>") == 1


@pytest.mark.parametrize("query", ["", "a", "  b "])
def test_two_letters_at_least(client, course, query):
    assertContains(client.get("/search/", {"q": query}), "Type two letters or more.")
    assertNotContains(client.get("/search/"), "Type two letters or more.")


@pytest.mark.parametrize("query", ["zzz", "100%", "__", "\\\\", "zq\0zq", '""', "--", "'; drop", "x" * 5000, "((("])
def test_when_nothing_is_found_it_says_so(client, course, query):
    assertContains(client.get("/search/", {"q": query}), "Nothing was found")


def test_a_kind_alone(client, course):
    Lesson.objects.for_course(course).update(summary="thorns too")
    assert sorted(kinds(make_instructor(is_superuser=True), "thorns")) == ["course", "lesson"]
    page = client.get("/search/", {"q": "thorns", "kind": "lesson"})
    assert [hit.kind for hit in page.context["page"].hits] == ["lesson"]
    assertContains(client.get("/search/", {"q": "thorns", "kind": "nonsense"}), "Nothing was found")
    assertContains(client.get("/search/", {"q": "thorns"}, headers={"Accept-Language": "de"}), "Lektionen")


def test_pages_hold_twenty_and_cost_the_same(client, course):
    lesson = Lesson.objects.for_course(course).get()
    Block.objects.bulk_create(
        Block(lesson=lesson, title=f"Cut {n}", body="A secateurs is a tool.", position=n + 2) for n in range(45)
    )
    make_course("Secateurs", lessons=0)
    # session, user, the bell; which lessons are closed; which and how many; then the rows of each kind on this page:
    # courses and blocks
    with assertNumQueries(7):
        page = client.get("/search/", {"q": "secateurs"})
    shown = page.context["page"]
    assert (shown.total, shown.pages, len(shown.hits)) == (47, 3, 20)
    assertContains(page, "page=2")
    last = client.get("/search/", {"q": "secateurs", "page": 99}).context["page"]
    assert (last.number, len(last.hits)) == (3, 7)
    assert client.get("/search/", {"q": "secateurs", "page": "-1"}).context["page"].number == 1


def test_another_feature_adds_itself(client, course, monkeypatch):
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    people = sources.Source(
        "module", "Modules", lambda user: course.modules.all(), "title", "title", lambda m: "/there/", lambda m: "here"
    )
    sources.register(people)
    assertContains(client.get("/search/", {"q": "Module 1"}), "/there/")
