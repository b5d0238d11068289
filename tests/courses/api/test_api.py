import io
import re

import pytest
from django.core.management import call_command
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from pytest_django.asserts import assertNumQueries

from courses.api.base import Pages
from courses.models import Block, Course, Enrollment, Lesson, Module, Progress
from tests.factories import enroll, make_course, make_quiz, make_user

pytestmark = pytest.mark.django_db
PEOPLE = ("anonymous", "charlie", "alice", "ines", "otto", "admin")
LISTS = ("courses", "modules", "lessons", "blocks", "enrollments", "progress")


def test_the_schema_is_valid():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"limit": "0"},
        {"offset": "-1"},
        {"offset": "9" * 5000},
        {"course": "1.5"},
        {"completed": "perhaps"},
    ],
)
def test_a_page_or_a_filter_that_cannot_be_is_told_as_wrong(ask, query):
    """Silently left out, it would answer with rows that were not asked for."""
    status, said = ask("alice", "get", "progress/", query)
    assert (status, list(said)) == (400, list(query))


def test_true_and_false_are_taken_in_either_writing(ask, people, course):
    Progress.objects.create(user=people["alice"], lesson=Lesson.objects.for_course(course).first())
    for word, count in (("true", 0), ("True", 0), ("false", 1), ("", 1)):
        assert ask("alice", "get", "progress/", {"completed": word})[1]["count"] == count


def test_a_body_that_is_no_json_is_refused(client, people, course):
    client.force_login(people["alice"])
    assert client.post("/api/v1/enrollments/", {"course": course.pk}).status_code == 415


def test_the_schema_tells_what_is_taken_and_what_may_be_missing():
    schema = SchemaGenerator().get_schema(public=True)
    parts = schema["components"]["schemas"]
    assert parts["Block"]["properties"]["body"]["nullable"] and parts["Block"]["properties"]["file"]["nullable"]
    assert parts["NewThreadRequest"]["properties"]["title"]["pattern"]  # not blank
    lists = {p["name"]: p["schema"] for p in schema["paths"]["/api/v1/progress/"]["get"]["parameters"]}
    assert (lists["limit"]["minimum"], lists["offset"]["minimum"], lists["course"]["maximum"]) == (1, 0, 2**63 - 1)
    assert lists["completed"]["type"] == "boolean"
    assert list(schema["paths"]["/api/v1/threads/"]["post"]["requestBody"]["content"]) == ["application/json"]


# Rows each person finds in a list; None is a refusal.
SEEN = {
    "courses": {"anonymous": 2, "charlie": 2, "alice": 2, "ines": 2, "otto": 2, "admin": 2},
    "modules": {"anonymous": 0, "charlie": 0, "alice": 1, "ines": 1, "otto": 1, "admin": 2},
    "lessons": {"anonymous": 0, "charlie": 0, "alice": 1, "ines": 2, "otto": 0, "admin": 2},
    "blocks": {"anonymous": 0, "charlie": 0, "alice": 2, "ines": 4, "otto": 0, "admin": 4},
    "enrollments": {"anonymous": None, "charlie": 0, "alice": 1, "ines": 2, "otto": 1, "admin": 3},
    "progress": {"anonymous": None, "charlie": 0, "alice": 1, "ines": 1, "otto": 0, "admin": 1},
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", LISTS)
def test_who_sees_how_much(ask, people, course, who, name):
    Progress.objects.create(user=people["alice"], lesson=Lesson.objects.for_course(course).first())
    status, page = ask(who, "get", f"{name}/")
    wanted = SEEN[name][who]
    assert (status, page.get("count")) == ((403, None) if wanted is None else (200, wanted))


@pytest.mark.parametrize("name", ["modules", "lessons", "blocks", "enrollments", "progress"])
def test_a_row_of_another_course_is_not_there(ask, people, course, name):
    Progress.objects.create(user=people["alice"], lesson=Lesson.objects.for_course(course).first())
    row = {
        "modules": Module.objects.for_course(course),
        "lessons": Lesson.objects.for_course(course),
        "blocks": Block.objects.for_course(course),
        "enrollments": Enrollment.objects.filter(user=people["alice"]),
        "progress": Progress.objects.all(),
    }[name].first()
    path = f"{name}/{row.pk}/"
    for who in ("charlie", "otto"):
        assert ask(who, "get", path)[0] == 404
        assert ask(who, "patch", path, {"title": "Mine"})[0] in (404, 405)
    assert ask("alice", "get", path)[0] == ask("ines", "get", path)[0] == 200


def test_a_draft_course_is_not_there_for_students(ask, people, course):
    Course.objects.filter(pk=course.pk).update(status="draft")
    for who, status in (("alice", 404), ("charlie", 404), ("anonymous", 404), ("ines", 200), ("admin", 200)):
        assert ask(who, "get", f"courses/{course.pk}/")[0] == status
    assert ask("alice", "get", "blocks/")[1]["count"] == 0


def test_students_read_html_and_teachers_the_source_too(ask, course):
    Block.objects.for_course(course).update(body="Some **bold** text")
    block = Block.objects.for_course(course).first()
    _, read = ask("alice", "get", f"blocks/{block.pk}/")
    assert "<strong>bold</strong>" in read["html"] and read["body"] is None
    assert ask("ines", "get", f"blocks/{block.pk}/")[1]["body"] == "Some **bold** text"
    assert ask("admin", "get", f"blocks/{block.pk}/")[1]["body"] == "Some **bold** text"


def test_what_is_not_ready_keeps_its_content_from_students(ask, course):
    lesson = Lesson.objects.for_course(course).first()
    block = Block.objects.create(
        lesson=lesson, kind="image", title="Rose", body="secret", alt_text="secret", position=9
    )
    _, read = ask("alice", "get", f"blocks/{block.pk}/")
    assert read["missing"] and "secret" not in str(read)
    assert ask("ines", "get", f"blocks/{block.pk}/")[1]["body"] == "secret"


def test_filters(ask, people, course):
    other = make_course("Cooking", lessons=1)
    enroll(people["alice"], other)
    assert ask("alice", "get", "courses/", {"title": "cook"})[1]["count"] == 1
    assert ask("alice", "get", "lessons/", {"course": other.pk})[1]["count"] == 1
    assert ask("alice", "get", "blocks/", {"course": other.pk, "kind": "quiz"})[1]["count"] == 0
    lesson = Lesson.objects.for_course(other).get()
    Progress.objects.create(user=people["alice"], lesson=lesson)
    assert ask("alice", "get", "progress/", {"completed": "false"})[1]["count"] == 1
    assert ask("alice", "get", "progress/", {"completed": "true"})[1]["count"] == 0
    assert ask("alice", "get", "blocks/", {"kind": "poem"})[0] == 400
    assert ask("alice", "get", "lessons/", {"course": "x"})[0] == 400


def test_a_page_has_an_end(ask, people, course):
    lesson = Lesson.objects.for_course(course).first()
    Block.objects.bulk_create(Block(lesson=lesson, title=f"B{n}", body="x", position=n + 9) for n in range(210))
    _, page = ask("alice", "get", "blocks/", {"limit": 1_000_000})
    assert len(page["results"]) == Pages.max_limit and page["next"]
    _, rest = ask("alice", "get", "blocks/", {"limit": 200, "offset": 200})
    assert len(rest["results"]) == page["count"] - 200


# Beside session and user: how many, and the page; blocks ask once more which courses one teaches.
@pytest.mark.parametrize(
    ("name", "queries"),
    [("courses", 4), ("modules", 4), ("lessons", 4), ("blocks", 6), ("enrollments", 4), ("progress", 4)],
)
def test_lists_cost_the_same_however_long(client, people, course, name, queries):
    for number in range(5):
        student = make_user(f"student{number}")
        other = make_course(modules=2, instructor=people["ines"])
        enroll(student, other)
        for lesson in Lesson.objects.for_course(other):
            Progress.objects.create(user=student, lesson=lesson)
    client.force_login(people["ines"])
    with assertNumQueries(queries):
        assert len(client.get(f"/api/v1/{name}/").json()["results"]) >= 5


def test_quizzes_in_a_list_of_blocks_cost_no_query_each(client, people, course):
    lesson = Lesson.objects.for_course(course).first()
    make_quiz(lesson=lesson)
    client.force_login(people["alice"])
    with assertNumQueries(8):  # the six of a list of blocks; the questions and the draws of all quizzes
        client.get("/api/v1/blocks/")
    for _ in range(4):
        make_quiz(lesson=lesson)
    with assertNumQueries(8):
        client.get("/api/v1/blocks/")


def test_enrolling_and_leaving(ask, people, course):
    status, row = ask("charlie", "post", "enrollments/", {"course": course.pk})
    assert status == 201 and row["role"] == "student"
    assert ask("charlie", "post", f"courses/{course.pk}/enroll/")[1]["id"] == row["id"]
    assert ask("charlie", "get", "lessons/")[1]["count"] == 1
    assert ask("charlie", "delete", f"enrollments/{row['id']}/")[0] == 204
    assert Enrollment.objects.get(pk=row["id"]).status == "withdrawn"
    assert ask("anonymous", "post", "enrollments/", {"course": course.pk})[0] == 403
    assert ask("anonymous", "post", f"courses/{course.pk}/enroll/")[0] == 403
    assert ask("alice", "post", f"courses/{course.pk}/leave/")[0] == 204
    assert ask("alice", "get", "lessons/")[1]["count"] == 0


def test_nobody_enrolls_where_it_is_closed(ask, people, course):
    alice = Enrollment.objects.get(user=people["alice"])
    assert ask("otto", "delete", f"enrollments/{alice.pk}/")[0] == 404
    Course.objects.filter(pk=course.pk).update(status="draft")
    assert ask("charlie", "post", "enrollments/", {"course": course.pk})[0] == 404
    assert ask("admin", "post", "enrollments/", {"course": course.pk})[0] == 409
    assert ask("charlie", "post", "enrollments/", {"course": "x"})[0] == 400
    assert ask("alice", "patch", f"enrollments/{alice.pk}/", {"role": "instructor"})[0] == 403


def test_completing_a_lesson_tells_what_remains(ask, people, course):
    lesson = Lesson.objects.for_course(course).first()
    Block.objects.filter(lesson=lesson, position=1).update(rule="seen", rule_value=30)
    status, answer = ask("alice", "post", f"lessons/{lesson.pk}/complete/")
    assert status == 409 and answer["remaining"][0]["words"] == "30 more seconds here"
    Block.objects.filter(lesson=lesson).update(rule="none")
    status, answer = ask("alice", "post", f"lessons/{lesson.pk}/complete/")
    assert status == 200 and answer["completed_at"]
    assert ask("alice", "post", f"lessons/{lesson.pk}/complete/")[1]["completed_at"] == answer["completed_at"]
    assert ask("ines", "post", f"lessons/{lesson.pk}/complete/")[0] == 403
    assert ask("otto", "post", f"lessons/{lesson.pk}/complete/")[0] == 404
    assert ask("anonymous", "post", f"lessons/{lesson.pk}/complete/")[0] == 403
    assert Progress.objects.get().user == people["alice"]


def test_an_instructor_writes_a_course(ask, people):
    status, course = ask("otto", "post", "courses/", {"title": "Baking", "summary": "Bread.", "description": "*Yeast*"})
    assert status == 201 and course["status"] == "draft" and "<em>" in course["html"]
    assert ask("otto", "patch", f"courses/{course['id']}/", {"status": "published"})[0] == 409
    status, module = ask("otto", "post", "modules/", {"course": course["id"], "title": "Dough"})
    assert (status, module["position"]) == (201, 2)
    status, lesson = ask("otto", "post", "lessons/", {"module": module["id"], "title": "Knead", "minutes": 5})
    assert (status, lesson["minutes"], lesson["status"]) == (201, 5, "draft")
    assert ask("otto", "patch", f"lessons/{lesson['id']}/", {"status": "published"})[0] == 409
    new = {
        "lesson": lesson["id"],
        "kind": "text",
        "title": "How",
        "body": "Ten minutes.",
        "rule": "seen",
        "rule_value": 9,
    }
    status, block = ask("otto", "post", "blocks/", new)
    assert (status, block["body"], block["rule_value"]) == (201, "Ten minutes.", 9)
    assert ask("otto", "patch", f"lessons/{lesson['id']}/", {"status": "published"})[0] == 200
    status, course = ask("otto", "patch", f"courses/{course['id']}/", {"status": "published", "title": "Bread"})
    assert (status, course["title"], course["status"]) == (200, "Bread", "published")
    assert ask("otto", "post", "blocks/", {"lesson": lesson["id"], "kind": "quiz", "title": "Q"})[0] == 201


def test_two_authors_notice_each_other(ask, course):
    block = Block.objects.for_course(course).first()
    path = f"blocks/{block.pk}/"
    assert ask("ines", "patch", path, {"title": "New"})[0] == 400
    assert ask("ines", "patch", path, {"title": "New", "version": 1})[1]["version"] == 2
    status, answer = ask("admin", "patch", path, {"title": "Newer", "version": 1})
    assert status == 409 and int(answer["version"]) == 2
    assert ask("ines", "patch", path, {"kind": "quiz", "version": 2})[0] == 400
    assert ask("ines", "patch", path, {"rule": "watched", "version": 2})[0] == 400
    assert ask("ines", "patch", path, {"rule": "seen", "rule_value": 0, "version": 2})[0] == 400


@pytest.mark.parametrize("who", ["anonymous", "charlie", "alice", "otto"])
def test_others_write_nothing(ask, course, who):
    module, lesson = Module.objects.for_course(course).get(), Lesson.objects.for_course(course).first()
    block = Block.objects.for_course(course).first()
    before = [model.objects.count() for model in (Course, Module, Lesson, Block)]
    attempts = [
        ask(who, "patch", f"courses/{course.pk}/", {"title": "Mine"}),
        ask(who, "post", "modules/", {"course": course.pk, "title": "Mine"}),
        ask(who, "patch", f"modules/{module.pk}/", {"title": "Mine"}),
        ask(who, "post", "lessons/", {"module": module.pk, "title": "Mine"}),
        ask(who, "patch", f"lessons/{lesson.pk}/", {"title": "Mine", "status": "draft"}),
        ask(who, "post", "blocks/", {"lesson": lesson.pk, "kind": "text", "title": "Mine"}),
        ask(who, "patch", f"blocks/{block.pk}/", {"title": "Mine", "version": 1}),
        ask(who, "delete", f"blocks/{block.pk}/"),
    ]
    assert all(status in (400, 403, 404, 405) for status, _ in attempts), attempts
    if who != "otto":
        assert ask(who, "post", "courses/", {"title": "Mine", "summary": "x"})[0] == 403
    assert [model.objects.count() for model in (Course, Module, Lesson, Block)] == before
    assert not Course.objects.filter(title="Mine").exists() and not Block.objects.filter(title="Mine").exists()


def test_things_stay_where_they_are(ask, people, course):
    elsewhere = make_course("Elsewhere", instructor=people["ines"])
    module, lesson = Module.objects.for_course(course).get(), Lesson.objects.for_course(course).first()
    other = elsewhere.modules.get()
    assert ask("ines", "patch", f"modules/{module.pk}/", {"course": elsewhere.pk})[0] == 400
    assert ask("ines", "patch", f"lessons/{lesson.pk}/", {"module": other.pk})[0] == 400
    block = lesson.blocks.first()
    there = Lesson.objects.filter(module=other).first()
    assert ask("ines", "patch", f"blocks/{block.pk}/", {"lesson": there.pk, "version": 1})[0] == 400


def test_me(ask, people):
    assert ask("anonymous", "get", "me/")[0] == 403
    assert ask("alice", "get", "me/")[1]["email"] == "alice@example.org"
    status, me = ask("alice", "patch", "me/", {"time_zone": "Europe/Berlin", "is_staff": True, "email": "x@y.example"})
    assert (status, me["time_zone"], me["is_staff"], me["email"]) == (200, "Europe/Berlin", False, "alice@example.org")
    assert ask("alice", "patch", "me/", {"time_zone": "Mars"})[0] == 400
    assert ask("alice", "patch", "me/", {"locale": "tlh"})[0] == 400


WITH_LIMITS_OF_THEIR_OWN = {"emotion-api:frames", "emotion-api:readings"}


def test_every_endpoint_has_a_limit():
    views = {f"{match.namespace}:{match.url_name}": match.func for match in endpoints()}
    assert len(views) > 60
    without = {name for name, view in views.items() if not view.cls.throttle_classes}
    assert without == WITH_LIMITS_OF_THEIR_OWN


def endpoints():
    for path in SchemaGenerator().get_schema(public=True)["paths"]:
        made_up = re.sub(r"\{session_id\}", "00000000-0000-0000-0000-000000000000", path)
        yield resolve(re.sub(r"\{\w+\}", "1", made_up))


def test_who_asks_too_often_is_told_when_to_come_back(client, people, course, monkeypatch):
    from rest_framework.throttling import UserRateThrottle

    monkeypatch.setattr(UserRateThrottle, "rate", "2/min", raising=False)
    client.force_login(people["alice"])
    answers = [client.get("/api/v1/courses/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
