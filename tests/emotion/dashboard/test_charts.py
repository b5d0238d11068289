"""The charts that those who teach, and students of themselves, take along: the figures of the page, by its rules."""

import datetime
import re
import time
import zipfile
from io import BytesIO
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts import audit
from accounts.models import AuditEntry
from courses.models import Block, Progress
from emotion import class_now, course_calibration, selectors, services
from emotion.behaviour import record_behaviour
from emotion.class_history import put_together_class_histories
from emotion.core.labels import EXPRESSIONS
from emotion.dashboard import history_charts
from emotion.models import EmotionBucket, FeatureGate, LessonSession, SelfReport, SupportEvent
from emotion.places import Place
from emotion.support import add_starter_rules
from tests.courses.charts.tables import read_csv, read_table
from tests.emotion.factories import make_bucket, make_class, make_session, this_minute
from tests.emotion.test_course_calibration import make_answers
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]

OF_LESSON = ("climate", "compare", "said")
OF_COURSE = ("course", "live", "rules")


@pytest.fixture(autouse=True)
def _nobody_was_shown():
    cache.clear()


def crowd(lesson, size: int) -> list[LessonSession]:
    """`size` students in edition 1 and as many in the present one, 2, of whom all looked confused somewhere, said so,
    began the lesson and were offered a hint."""
    sessions = make_class(lesson, size, engaged=1)
    lesson.edition = 2
    lesson.save()
    sessions += make_class(lesson, size, faces=4, happiness=3, fear=1, confused=1)
    days_ago = timezone.now() - datetime.timedelta(days=2)
    LessonSession.objects.update(started_at=days_ago)
    EmotionBucket.objects.update(minute=days_ago)
    for number, session in enumerate(sessions):  # and again at this minute, for who watches
        first = number < size
        look = {"engaged": 1} if first else {"confused": 1}
        make_bucket(session, place=90, minute=this_minute(), edition=1 if first else 2, **look)
    [rule, *_others] = add_starter_rules("confused")
    for session in sessions:
        of = {"user": session.user, "lesson": lesson}
        Progress.objects.create(last_block=lesson.blocks.first(), **of)
        SelfReport.objects.create(state="confused", edition=2, block_number=lesson.blocks.first().pk, **of)
        SupportEvent.objects.create(rule=rule, state="confused", confidence=1, at=days_ago, response="accepted", **of)
    return sessions


def address(name: str, lesson, form: str = "csv") -> str:
    of = lesson.pk if name in OF_LESSON or name == "history" else lesson.course.slug
    return reverse(f"emotion:{name}-chart", args=[of, form])


def page_of(name: str, lesson) -> str:
    if name == "course":
        return reverse("overview:overview", args=[lesson.course.slug])
    return re.sub(r"chart\.csv$", "", address(name, lesson))


@pytest.fixture
def teacher(client, ines):
    client.force_login(ines)
    return client


def exports() -> list[str]:
    kinds = ("class_exported", "history_exported")
    return list(AuditEntry.objects.filter(action__in=kinds).order_by("number").values_list("action", flat=True))


@pytest.mark.parametrize("name", OF_LESSON + OF_COURSE)
def test_a_classs_chart_is_for_those_who_teach_it_and_each_is_noted(client, course, lesson, alice, ines, name):
    crowd(lesson, 6)
    people = {"anton": make_user("anton"), "olga": make_user("olga"), "ivo": make_instructor("ivo")}
    enroll(people["anton"], course, role="assistant")
    enroll(people["olga"], course, role="observer")
    make_course(instructor=people["ivo"])
    assert client.get(address(name, lesson)).url.startswith("/accounts/login/")
    for user in (*people.values(), alice, make_user("charlie")):
        client.force_login(user)
        for form in ("csv", "svg"):
            assert client.get(address(name, lesson, form)).status_code == 404
    assert exports() == []
    for user in (ines, make_admin()):
        client.force_login(user)
        answers = [client.get(address(name, lesson, form)) for form in ("csv", "svg")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1]["Content-Type"].startswith("image/svg+xml")
        assert answers[0]["Cache-Control"] == "private, no-store"
    assert exports() == ["class_exported"] * 4
    assert AuditEntry.objects.filter(subject="", detail__form="svg").count() == 2
    audit.verify()


@pytest.mark.parametrize("name", OF_LESSON + OF_COURSE)
def test_its_page_leads_to_it_for_those_who_may(client, course, lesson, ines, name):
    crowd(lesson, 6)
    anton = make_user("anton")
    enroll(anton, course, role="assistant")
    client.force_login(ines)
    assertContains(client.get(page_of(name, lesson)), address(name, lesson))
    if name != "rules":  # a page that an assistant has not
        client.force_login(anton)
        assertNotContains(client.get(page_of(name, lesson)), address(name, lesson))


@pytest.mark.parametrize("name", OF_LESSON + OF_COURSE)
@pytest.mark.parametrize("form", ["csv", "svg"])
def test_of_four_students_there_is_none(teacher, lesson, name, form):
    crowd(lesson, 2)  # in each edition; four together
    assert teacher.get(address(name, lesson, form)).status_code == 404
    if name != "live":  # whose figures come over the socket
        assertNotContains(teacher.get(page_of(name, lesson)), address(name, lesson))
    assert exports() == []


@pytest.mark.parametrize("name", ["climate", "compare", "course", "live"])
def test_with_the_features_off_there_is_none(teacher, lesson, name):
    crowd(lesson, 6)
    FeatureGate.objects.all().delete()
    assert teacher.get(address(name, lesson)).status_code == 404


def test_a_lesson_says_what_its_page_says(teacher, lesson):
    crowd(lesson, 6)
    first, second = lesson.blocks.all()
    for session in LessonSession.objects.filter(buckets__edition=2).distinct():
        record_behaviour(user=session.user, lesson=lesson, events=[("rewind", Place(first.pk, 3))])
    page = teacher.get(page_of("climate", lesson))
    parts, places = read_table(page), read_table(page, 1)
    header, *rows = read_csv(teacher.get(address("climate", lesson)))
    assert [title.removesuffix(", %") for title in header] == [
        *("Part", "Seconds", *places[0][2:]),
        *("Came so far", "Quiz, first attempts", "Quiz, students"),
    ]
    assert [rows[0][0], *rows[0][2:-3]] == [places[1][0], *(cell.removesuffix("%") for cell in places[1][2:])]
    assert rows[0][3 + EXPRESSIONS.index("happiness")] == "75"
    assert rows[1] == [second.title, *[""] * 17, "0", "", ""]  # nothing was read in it, nobody came so far
    assert [row[-3] for row in rows] == ["100", "0"] == [part[1].removesuffix("%") for part in parts[1:]]
    picture = teacher.get(address("climate", lesson, "svg"))
    for told in ("6 students together", "1. Block 1", "Mostly happiness (75%)", "6 went back", "looked confused"):
        assertContains(picture, told)


def test_a_place_of_fewer_than_five_is_in_neither(teacher, lesson):
    sessions = crowd(lesson, 6)
    for session in sessions[-4:]:
        make_bucket(session, place=7, faces=3, contempt=3)
    _header, *rows = read_csv(teacher.get(address("climate", lesson)))
    assert [row[1] for row in rows] == ["0", ""]
    [_head, course] = read_csv(teacher.get(address("course", lesson)))
    assert course[2] == "24"  # six times four faces, without the three of four students


def test_it_follows_a_class_as_the_page_does(teacher, lesson):
    """One who comes and goes changes no file by themselves: it is drawn from what the page is drawn from."""
    crowd(lesson, 6)
    put_together_class_histories()
    before = read_csv(teacher.get(address("climate", lesson)))
    make_class(lesson, 1, faces=9, anger=9, frustrated=1)
    put_together_class_histories()
    assert read_csv(teacher.get(address("climate", lesson))) == before


def test_what_is_compared_is_what_was_asked_for(teacher, lesson):
    crowd(lesson, 6)
    asked = "first=edition+2&second=edition+1&state=confused"
    page = teacher.get(f"{page_of('compare', lesson)}?{asked}")
    assertContains(page, f"{address('compare', lesson)}?{asked.replace('&', '&amp;')}")
    header, first, *_parts = read_csv(teacher.get(f"{address('compare', lesson)}?{asked}"))
    assert header[1:5] == ["looked so, edition 2", "students, edition 2", "looked so, edition 1", "students, edition 1"]
    assert first[:5] == ["Block 1", "4 or more", "6", "fewer than 3", "6"]
    assertContains(page, f"95% interval {int(first[7]):+d} to {int(first[8]):+d}.")
    picture = teacher.get(f"{address('compare', lesson, 'svg')}?{asked}")
    assertContains(picture, "4 or more of 6 in edition 2, fewer than 3 of 6 in edition 1: no telling")


def test_what_students_say_is_told_as_on_the_page(teacher, lesson):
    crowd(lesson, 6)
    page = read_table(teacher.get(page_of("said", lesson)))
    table = read_csv(teacher.get(address("said", lesson)))
    assert table[:2] == page[:2]
    assert table[1][:4] == ["All parts together", "12", "2 or fewer", "10 or more"]
    assert table[-1] == ["Block 2", *[""] * 7]  # not enough yet


def test_what_came_of_a_rule_is_told_as_on_the_page(teacher, lesson):
    crowd(lesson, 6)
    _header, row = read_csv(teacher.get(address("rules", lesson)))
    assert row[:4] == ["looks confused: a hint", "12", "12", "0"]
    assertContains(teacher.get(page_of("rules", lesson)), "Offered 12 times, taken up 12, dismissed 0.")


def test_the_live_chart_is_that_of_this_second_whether_or_not_somebody_watches(teacher, lesson):
    sessions = crowd(lesson, 6)
    header, now = read_csv(teacher.get(address("live", lesson)))
    told = dict(zip(header, now, strict=True))
    assert (told["looked confused, %"], told["looked engaged, %"]) == ("50", "50")
    class_now.tick(lesson.course.pk)
    assert read_csv(teacher.get(address("live", lesson)))[1][1:] == now[1:]
    for session in sessions[:8]:
        services.erase_history(user=session.user)
    time.sleep(1.05)  # the next second
    assert teacher.get(address("live", lesson)).status_code == 404


def test_how_far_to_trust_a_course_is_told_as_on_the_page(teacher, course, lesson, ines):
    chart = reverse("emotion:calibration-chart", args=[course.slug, "csv"])
    assert teacher.get(chart).status_code == 404
    make_answers(lesson)
    course_calibration.refit_courses()
    page = teacher.get(reverse("emotion:calibration", args=[course.slug]))
    assertContains(page, chart)
    assert read_csv(teacher.get(chart))[1:] == [
        [cell.removesuffix("%") for cell in row] for row in read_table(page)[1:]
    ]
    other = Client()
    other.force_login(make_instructor("ivo"))
    assert other.get(chart).status_code == 404


@pytest.mark.parametrize("name", ["history", "course-history"])
def test_a_student_takes_their_own_along_and_nobody_elses(client, alice, lesson, ines, name):
    client.force_login(alice)
    assert client.get(address(name, lesson)).status_code == 404
    make_bucket(make_session(alice, lesson, share=True), faces=4, happiness=3, fear=1)
    make_class(lesson, 5, faces=4, sadness=4)
    page = client.get(page_of(name, lesson))
    assertContains(page, address(name, lesson))
    _header, row = read_csv(client.get(address(name, lesson)))
    shown = [cell.removesuffix("%") for cell in read_table(page)[1]][-10:]  # no state was judged: its page says none
    assert row[-16:-6] == shown == ["4", "0", "75", "0", "0", "0", "0", "25", "0", "0"]
    assertContains(client.get(address(name, lesson, "svg")), "Mostly happiness (75%), then fear (25%).")
    assert exports() == ["history_exported"] * 2
    assert AuditEntry.objects.first().subject == alice.pseudonym.name
    for other in (ines, make_user("charlie")):
        client.force_login(other)
        assert client.get(address(name, lesson)).status_code == 404


def test_a_title_is_no_formula(client, alice, lesson):
    Block.objects.filter(lesson=lesson).update(title="=HYPERLINK(1)")
    make_bucket(make_session(alice, lesson))
    client.force_login(alice)
    assert read_csv(client.get(address("history", lesson)))[1][0] == "'=HYPERLINK(1)"


def test_everything_about_a_student_has_their_charts_in_it(client, alice, lesson):
    make_bucket(make_session(alice, lesson), faces=4, happiness=3, fear=1)
    make_class(lesson, 5, faces=4, sadness=4)
    client.force_login(alice)
    answer = client.get(reverse("accounts:export-zip"))
    archive = zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content)))
    charts = {name for name in archive.namelist() if name.startswith("charts/")}
    assert charts == {f"charts/my-lesson-{lesson.pk}.svg", f"charts/my-course-{lesson.course.slug}.svg"}
    for name in charts:
        text = archive.read(name).decode()
        ElementTree.fromstring(text)
        assert "Mostly happiness (75%), then fear (25%)." in text
    client.force_login(make_user("charlie"))
    archive = zipfile.ZipFile(BytesIO(b"".join(client.get(reverse("accounts:export-zip")).streaming_content)))
    assert not [name for name in archive.namelist() if name.startswith("charts/")]


def test_an_area_is_as_high_as_its_share(alice, lesson):
    make_bucket(make_session(alice, lesson), faces=4, happiness=3, fear=1)
    chart = history_charts.own_lesson(lesson, selectors.own_timeline(user=alice, lesson=lesson))
    paths = {series.name: path for series, path in chart.panels[0].bands[0].layers}
    assert re.fullmatch(r"M0\.0 220\.0h[\d.]+V55\.0h-[\d.]+z", paths["happiness"])
    assert re.fullmatch(r"M0\.0 55\.0h[\d.]+V0\.0h-[\d.]+z", paths["fear"])
