"""Histories over REST, as each person who might ask meets them: JSON by the page, CSV in one piece."""

import csv
import io

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from pytest_django.asserts import assertNumQueries

from courses.models import Lesson
from emotion.class_history import put_together_class_histories
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.models import FeatureGate
from tests.emotion.factories import make_bucket, make_class, make_session
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

OWN = "/api/v1/me/emotion-history/"
NOT_ENOUGH = "A class is shown from 5 students up, so that nobody can be singled out."
MEASURES = ["faces", "no_face", "several_faces", "unclear", *EXPRESSIONS, "windows", *COUNTED_STATES]


def addresses(lesson: Lesson) -> list[str]:
    course = lesson.course.pk
    return [
        f"{OWN}?lesson={lesson.pk}",
        f"{OWN}?course={course}",
        f"/api/v1/lessons/{lesson.pk}/emotion/",
        f"/api/v1/courses/{course}/emotion/",
    ]


def as_csv(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}format=csv"


def table(response) -> list[list[str]]:
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(b"".join(response).decode())))


@pytest.fixture
def people(session, course, ines):
    """Everybody who might ask, by name. Alice has a history of her own."""
    make_bucket(session)
    bob, other, left, assistant = make_user("bob"), make_instructor("ivo"), make_instructor("lea"), make_user("asta")
    enroll(bob, course)
    make_course(instructor=other)
    enroll(left, course, role="instructor", status="withdrawn")
    enroll(assistant, course, role="assistant")
    return {
        "anonymous": None,
        "enrolled": session.user,
        "another student": bob,
        "an assistant": assistant,
        "their instructor": ines,
        "an administrator": make_admin(),
        "another instructor": other,
        "an instructor who left": left,
        "an outsider": make_user("charlie"),
    }


STATUSES = {
    # one's own lesson and course, a class's lesson and course
    "anonymous": (403, 403, 403, 403),
    "enrolled": (200, 200, 404, 404),
    "another student": (200, 200, 404, 404),
    "an assistant": (200, 200, 404, 404),
    "their instructor": (200, 200, 200, 200),
    "an administrator": (200, 404, 200, 200),
    "another instructor": (404, 404, 404, 404),
    "an instructor who left": (404, 404, 404, 404),
    "an outsider": (404, 404, 404, 404),
}


@pytest.mark.parametrize("name", STATUSES)
def test_everyone_at_each_history(people, lesson, name):
    client = Client()
    if people[name]:
        client.force_login(people[name])
    for address, status in zip(addresses(lesson), STATUSES[name], strict=True):
        assert client.get(address).status_code == status, address
        assert client.get(as_csv(address)).status_code == status, address
        assert client.post(address).status_code in (403, 404, 405)


def test_with_the_features_off_there_is_nothing_here(client, people, lesson, ines):
    FeatureGate.objects.all().delete()
    client.force_login(ines)
    for address in addresses(lesson):
        for response in (client.get(address), client.get(as_csv(address))):
            assert response.status_code == 404
            assert b"The emotion features are turned off here." in response.content


# One's own


@pytest.fixture
def mine(client, session):
    client.force_login(session.user)
    make_bucket(session, place=2, faces=4, happiness=3, fear=1, no_face=2)
    return session


def test_ones_own_lesson_is_only_ones_own(client, mine, lesson):
    make_class(lesson, 5)
    answer = client.get(f"{OWN}?lesson={lesson.pk}").json()
    (point,) = answer["points"]
    assert (point["seconds"], point["faces"], point["expressions"]["happiness"]) == (20, 4, 0.75)
    assert (answer["lesson"], answer["count"], answer["next"], answer["previous"]) == (lesson.pk, 1, None, None)
    assert [block["number"] for block in answer["blocks"]] == [block.pk for block in lesson.blocks.all()]


def test_ones_own_course_is_only_ones_own(client, mine, lesson):
    make_class(lesson, 5)
    answer = client.get(f"{OWN}?course={lesson.course.pk}").json()
    assert (answer["course"], answer["title"], answer["count"]) == (lesson.course.pk, lesson.course.title, 2)
    first, second = answer["lessons"]
    assert (first["lesson"], first["faces"], first["expressions"]["fear"]) == (lesson.pk, 4, 0.25)
    assert second["expressions"] is None


@pytest.mark.parametrize("query", ["", "?lesson=1&course=1", "?lesson=x", "?course=-1", f"?lesson={10**30}"])
def test_one_of_the_two_is_named(client, mine, query):
    response = client.get(OWN + query)
    assert response.status_code == 400
    assert response.json()
    if "=" not in query or "&" in query:
        assert response.json()["detail"] in ("Name one: a lesson or a course.", ["Name one: a lesson or a course."])


def test_what_is_long_comes_by_the_page(client, mine, lesson):
    for place in range(10, 16):
        make_bucket(mine, place=place)
    first = client.get(f"{OWN}?lesson={lesson.pk}&limit=4").json()
    assert (first["count"], len(first["points"]), first["previous"]) == (7, 4, None)
    second = client.get(first["next"]).json()
    assert [point["seconds"] for point in second["points"]] == [130, 140, 150]
    assert second["next"] is None
    assert len(table(client.get(as_csv(f"{OWN}?lesson={lesson.pk}&limit=4")))) == 8  # a file is all of it


# A class


@pytest.fixture
def teaching(client, ines, course):
    client.force_login(ines)


def test_a_class_by_place(client, teaching, lesson):
    for session in make_class(lesson, 5, neutral=2, sadness=8)[:4]:
        make_bucket(session, place=1)
    answer = client.get(f"/api/v1/lessons/{lesson.pk}/emotion/").json()
    (point,) = answer["points"]
    assert (answer["students"], point["expressions"]["sadness"], answer["count"]) == (5, 0.8, 1)
    assert answer["as_of"]
    assert "Student" not in str(answer)


def test_a_class_by_lesson(client, teaching, lesson):
    make_class(lesson, 5, neutral=2, sadness=8)
    for _ in range(2):  # summed, then put together
        first, second = client.get(f"/api/v1/courses/{lesson.course.pk}/emotion/").json()["lessons"]
        assert (first["students"], first["expressions"]["sadness"]) == (5, 0.8)
        assert {second[name] for name in ("students", "faces", "expressions")} == {None}
        put_together_class_histories()


@pytest.mark.parametrize("together", [False, True])
def test_below_five_students_there_is_one_sentence_and_no_number(client, teaching, lesson, together):
    make_class(lesson, 4, share=True)
    if together:
        put_together_class_histories()
    for address, rows in zip(addresses(lesson)[2:], ("points", "lessons"), strict=True):
        answer = client.get(address).json()
        assert (answer["detail"], answer[rows], answer["count"]) == (NOT_ENOUGH, [], 0)
        assert not answer.get("students")
        header, *rest = table(client.get(as_csv(address)))
        assert header[-len(MEASURES) :] == MEASURES
        assert rest == [[NOT_ENOUGH]]


def test_another_course_does_not_count_toward_five(client, teaching, lesson):
    make_class(lesson, 3)
    make_class(make_course().modules.get().lessons.first(), 5)
    assert client.get(f"/api/v1/lessons/{lesson.pk}/emotion/").json()["detail"] == NOT_ENOUGH


# CSV


def test_ones_own_lesson_as_a_table(client, mine, lesson):
    response = client.get(as_csv(f"{OWN}?lesson={lesson.pk}"))
    assert response.streaming
    assert f"my-lesson-{lesson.pk}.csv" in response.headers["Content-Disposition"]
    make_bucket(mine, place=3, faces=0, no_face=5, happiness=0, engaged=1, unsure=3)
    header, first, second = table(client.get(as_csv(f"{OWN}?lesson={lesson.pk}")))
    assert header == ["part", "seconds", *MEASURES]
    expressions = ["0.0", "0.75", "0.0", "0.0", "0.0", "0.0", "0.25", "0.0"]
    assert first == ["Block 1", "20", "4", "2", "0", "0", *expressions, "0", *[""] * 6]
    assert second == ["Block 1", "30", "0", "5", "0", "0", *[""] * 8, "4", "0.25", "0.0", "0.0", "0.0", "0.0", "0.75"]


def test_courses_as_tables(client, mine, lesson, ines):
    header, row = table(client.get(as_csv(f"{OWN}?course={lesson.course.pk}")))
    assert header == ["lesson", *MEASURES]
    assert row[:3] == [lesson.title, "4", "2"]
    make_class(lesson, 5)
    client.force_login(ines)
    header, row = table(client.get(as_csv(f"/api/v1/courses/{lesson.course.pk}/emotion/")))
    assert header == ["lesson", "students", *MEASURES]
    assert row[:2] == [lesson.title, "6"]
    header, *rows = table(client.get(as_csv(f"/api/v1/lessons/{lesson.pk}/emotion/")))
    assert header == ["part", "seconds", *MEASURES]
    assert len(rows) == 1  # place 0; only Alice reached place 2


@pytest.mark.parametrize("title", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", " =HYPERLINK(1)", "\r=1"])
def test_a_title_that_would_be_a_formula_stays_a_title(client, mine, lesson, title):
    block = lesson.blocks.first()
    block.title = lesson.title = title
    block.save()
    lesson.save()
    for address in addresses(lesson)[:2]:
        assert b"".join(client.get(as_csv(address))).decode().splitlines()[1].lstrip('"').startswith("'")


def test_words_of_any_language_and_quotes_survive(client, mine, lesson):
    block = lesson.blocks.first()
    block.title = 'Größe, "Maß" und مقياس'
    block.save()
    assert table(client.get(as_csv(f"{OWN}?lesson={lesson.pk}")))[1][0] == block.title


def test_asking_for_csv_by_its_media_type(client, mine, lesson):
    response = client.get(f"{OWN}?lesson={lesson.pk}", headers={"Accept": "text/csv"})
    assert table(response)[0][0] == "part"
    assert client.get(f"{OWN}?lesson={lesson.pk}&format=xlsx").status_code == 404


async def _read_asynchronously(user, address: str) -> bytes:
    client = AsyncClient()
    await client.aforce_login(user)
    response = await client.get(address)
    return b"".join([chunk async for chunk in response])


@pytest.mark.django_db(transaction=True)
def test_a_served_table_is_streamed_without_blocking(session, lesson, recwarn):
    for place in range(450):
        make_bucket(session, place=place)
    body = async_to_sync(_read_asynchronously)(session.user, as_csv(f"{OWN}?lesson={lesson.pk}"))
    assert len(body.decode().splitlines()) == 451
    assert not [w for w in recwarn if "StreamingHttpResponse" in str(w.message)]


def test_ones_own_history_of_a_former_edition(client, mine, lesson, alice):
    make_bucket(make_session(alice, lesson), faces=3)
    lesson.edition = 2
    lesson.save()
    newest = client.get(f"{OWN}?lesson={lesson.pk}").json()
    assert (newest["edition"], newest["editions"]) == (1, [1])
    assert newest["points"]
    assert client.get(f"{OWN}?lesson={lesson.pk}&edition=1").json()["points"] == newest["points"]
    assert client.get(f"{OWN}?lesson={lesson.pk}&edition=2").json()["points"] == []
    assert client.get(f"{OWN}?lesson={lesson.pk}&edition=0").status_code == 400
    assert client.get(f"{OWN}?edition=1").status_code == 400
    table = client.get(as_csv(f"{OWN}?lesson={lesson.pk}"))
    assert f"my-lesson-{lesson.pk}-edition-1.csv" in table["Content-Disposition"]


# What it costs


def test_histories_cost_the_same_for_many_students(client, mine, lesson, ines):
    make_class(lesson, 8)
    put_together_class_histories()
    own_lesson, own_course, class_lesson, class_course = addresses(lesson)
    with assertNumQueries(6):  # session, user; gate; lesson; sums; blocks
        client.get(own_lesson)
    with assertNumQueries(6):  # session, user; gate; course; sums; lessons
        client.get(own_course)
    client.force_login(ines)
    with assertNumQueries(6):  # session, user; gate; lesson; what was put together; blocks
        client.get(class_lesson)
    with assertNumQueries(7):  # session, user; gate; course; lessons; what was put together; who is in those without
        client.get(class_course)


def test_a_refusal_in_a_table_is_a_sentence(client, mine, lesson):
    both = client.get(as_csv(f"{OWN}?lesson={lesson.pk}&course={lesson.course.pk}"))
    assert (both.status_code, both.content.decode().strip()) == (400, "Name one: a lesson or a course.")
    wrong = client.get(as_csv(f"{OWN}?lesson=0")).content.decode().strip()
    assert wrong == "lesson,Ensure this value is greater than or equal to 1."
