"""A course's rules of support: written by those who teach it, tried on last week, judged by what came of them."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from emotion import rule_figures
from emotion.models import EmotionBucket, SupportEvent, SupportRule
from emotion.support import add_starter_rules, rules_for
from tests.emotion.factories import make_class
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midweek")]

RULE = {
    "state": "confused",
    "lasting_seconds": 60,
    "action": "hint",
    "question": "Shall we look at it together?",
    "offer": "",
    "cooldown_minutes": 20,
    "lesson": "",
    "active": "on",
}


def url(course, name: str = "new-rule", **more) -> str:
    return reverse(f"emotion:{name}", kwargs={"slug": course.slug, **more})


@pytest.fixture
def teacher(client, ines):
    client.force_login(ines)
    return client


def confused_last_week(sessions, *, windows: int = 12) -> None:
    """Each looked confused for so many windows in a row, last Wednesday at ten."""
    now = timezone.now().astimezone(datetime.UTC)
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=now.weekday() + 7)
    at = monday + datetime.timedelta(days=2, hours=10)
    EmotionBucket.objects.bulk_create(
        EmotionBucket(
            session=session,
            block_number=1,
            place=place,
            minute=at + datetime.timedelta(minutes=place // 6),
            faces=10,
            neutral=10,
            confused=1,
        )
        for session in sessions
        for place in range(windows)
    )


def test_a_rule_is_kept_and_used_in_its_course_and_no_other(teacher, course, lesson):
    assert teacher.post(url(course), RULE).status_code == 302
    [rule] = SupportRule.objects.filter(course=course)
    assert rules_for(lesson, "confused") == [rule]
    other = make_course().modules.get().lessons.first()
    assert rule not in rules_for(other, "confused")
    assertContains(teacher.get(url(course, "rules")), "after 60 seconds, then a rest of 20 minutes")


def test_a_lesson_may_have_its_own(teacher, course, lesson):
    teacher.post(url(course), RULE)
    teacher.post(url(course), {**RULE, "lesson": lesson.pk, "action": "break"})
    assert [rule.action for rule in rules_for(lesson, "confused")] == ["break"]
    assert [rule.action for rule in rules_for(course.modules.get().lessons.last(), "confused")] == ["hint"]


def test_the_starter_rules_become_ones_own_as_they_are(teacher, course, lesson):
    before = [(rule.action, rule.lasting_seconds) for rule in rules_for(lesson, "confused")]
    for _twice in range(2):
        teacher.post(url(course, "adopt-rules", state="confused"))
    own = SupportRule.objects.filter(course=course)
    assert [(rule.action, rule.lasting_seconds) for rule in rules_for(lesson, "confused")] == before
    assert own.count() == len(before)
    teacher.post(url(course, "rule", pk=own[0].pk), {**RULE, "active": ""})
    assert own[0] not in rules_for(lesson, "confused")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"lasting_seconds": 5}, "10"), ({"cooldown_minutes": 1}, "5"), ({"state": "engaged"}, "valid choice")],
)
def test_what_cannot_be_is_said_beside_it_and_nothing_is_kept(teacher, course, wrong, words):
    answer = teacher.post(url(course), {**RULE, **wrong})
    assertContains(answer, words, status_code=422)
    assertContains(answer, "Please look at these again", status_code=422)
    assert not SupportRule.objects.filter(course=course).exists()


def test_a_lesson_of_another_course_is_no_choice(teacher, course):
    foreign = make_course().modules.get().lessons.first()
    assert teacher.post(url(course), {**RULE, "lesson": foreign.pk}).status_code == 422


def test_the_page_says_that_another_interval_pauses(teacher, course):
    page = teacher.get(url(course, "rules"))
    assertContains(page, "so that goes by a wider one, from 30 offers made and 30 left out in all courses")


def test_saving_a_paused_rule_starts_it_again(teacher, course, lesson):
    rule = SupportRule.objects.create(course=course, state="confused", action="hint", paused_reason="stayed: -30%")
    assertContains(teacher.get(url(course, "rules")), "Paused: it seems to do harm")
    teacher.post(url(course, "rule", pk=rule.pk), RULE)
    assert rules_for(lesson, "confused") == [rule]


def test_a_preview_says_how_often_it_would_have_fired_last_week_and_keeps_nothing(teacher, course, lesson):
    confused_last_week(make_class(lesson, 6))
    answer = teacher.post(url(course), {**RULE, "preview": "1"})
    assertContains(answer, "would have fired 6 times, for 6 students")
    assertContains(answer, "Shall we look at it together?")
    assert not SupportRule.objects.filter(course=course).exists()
    longer = teacher.post(url(course), {**RULE, "lasting_seconds": 130, "preview": "1"})
    assertContains(longer, "fewer than 5 students")


def test_a_preview_of_few_says_the_same_as_of_none(teacher, course, lesson):
    sessions = make_class(lesson, 9)
    assert b"Fewer than 5 students had their camera on" in main(teacher.post(url(course), {**RULE, "preview": "1"}))
    confused_last_week(sessions, windows=3)
    none = main(teacher.post(url(course), {**RULE, "preview": "1"}))
    assert b"fired for fewer than 5 students" in none
    EmotionBucket.objects.all().delete()
    confused_last_week(sessions[:4])
    confused_last_week(sessions[4:], windows=3)
    assert main(teacher.post(url(course), {**RULE, "preview": "1"})) == none


def main(response) -> bytes:
    return response.content.partition(b'id="preview"')[2].partition(b"</section>")[0]


def test_a_course_leaves_out_what_a_lesson_would_not_tell(teacher, course, lesson):
    """Or the difference between the course and its lessons would be of four."""
    confused_last_week(make_class(lesson, 6))
    confused_last_week(make_class(course.modules.get().lessons.last(), 4))
    rule = SupportRule(course=course, state="confused", action="hint", lasting_seconds=60)
    rule_figures.preview(course=course, lesson=None, rule=rule)
    with assertNumQueries(3):  # who was read where; who is let in; what it looked like
        whole = rule_figures.preview(course=course, lesson=None, rule=rule)
    assert (whole.times, whole.students) == (6, 6)


def offered(rule, lesson, users, **more) -> None:
    at = timezone.now() - datetime.timedelta(hours=2)
    SupportEvent.objects.bulk_create(
        SupportEvent(rule=rule, user=user, lesson=lesson, state="confused", confidence=1, at=at, **more)
        for user in users
    )


@pytest.fixture
def students(lesson):
    return [session.user for session in make_class(lesson, 24)]


def test_what_came_of_a_rule_is_told_five_students_at_a_time(course, lesson, students):
    rule = add_starter_rules("confused")[0]
    offered(rule, lesson, students[:4], response="dismissed")
    assert rule_figures.rule_figures(course) == {}
    offered(rule, lesson, students[4:5], response="accepted")
    told = rule_figures.rule_figures(course)[rule.pk]
    assert (told.shown, told.accepted, told.dismissed) == (5, 1, 4)
    offered(rule, lesson, students[5:9], response="accepted")
    with assertNumQueries(2):  # occasions; who is let in
        assert rule_figures.rule_figures(course)[rule.pk] == told
    other = make_course()
    assert rule_figures.rule_figures(other) == {}


def test_whoever_erases_takes_the_occasions_along_that_were_let_in_with_theirs(course, lesson, students):
    rule = add_starter_rules("confused")[0]
    offered(rule, lesson, students[:5], response="dismissed")
    rule_figures.rule_figures(course)
    offered(rule, lesson, students[5:10], response="accepted")
    assert rule_figures.rule_figures(course)[rule.pk].shown == 10
    SupportEvent.objects.filter(user=students[0]).delete()
    told = rule_figures.rule_figures(course)[rule.pk]
    assert (told.shown, told.accepted, told.dismissed) == (5, 5, 0)


def test_a_preview_after_an_erasure_does_not_tell_of_the_one(course, lesson):
    sessions = make_class(lesson, 12)
    confused_last_week(sessions)
    rule = SupportRule(course=course, state="confused", action="hint", lasting_seconds=60)
    assert rule_figures.preview(course=course, lesson=lesson, rule=rule).students == 12
    sessions[0].delete()
    assert rule_figures.preview(course=course, lesson=lesson, rule=rule).students == 7


def test_whether_it_helped_is_told_with_its_interval(teacher, course, lesson, students):
    rule = add_starter_rules("confused")[0]
    offered(rule, lesson, students[:20], randomised=True, stayed=True)
    offered(rule, lesson, students[:5], randomised=True, held_out=True, stayed=False)
    assertContains(
        teacher.get(url(course, "rules")),
        "Went on with the lesson: +100 points of a hundred after an offer, 95% interval +54 to +100 "
        "(20 offers, 5 left out).",
    )


def test_four_left_out_are_compared_with_nobody(course, lesson, students):
    rule = add_starter_rules("confused")[0]
    offered(rule, lesson, students[:20], randomised=True, stayed=True)
    offered(rule, lesson, students[:4], randomised=True, held_out=True, stayed=False)
    assert rule_figures.rule_figures(course)[rule.pk].effects == {}


def test_who_may_write_them(course, lesson):
    rule = SupportRule.objects.create(course=course, state="confused", action="hint")
    ivo = make_instructor("ivo")
    theirs = make_course(instructor=ivo)
    for role in ("student", "assistant", "observer"):
        enroll(make_user(role), course, role=role)
    people = [ivo, *(e.user for e in course.enrollments.exclude(role="instructor"))]
    for person in people:
        visitor = Client()
        visitor.force_login(person)
        for address in (url(course, "rules"), url(course), url(course, "rule", pk=rule.pk)):
            assert visitor.get(address).status_code == 404, (person, address)
            assert visitor.post(address, {**RULE, "preview": "1"}).status_code == 404
        assert visitor.post(url(course, "adopt-rules", state="bored")).status_code == 404
    visitor.force_login(ivo)
    assert visitor.post(url(theirs, "rule", pk=rule.pk), RULE).status_code == 404
    rule.refresh_from_db()
    assert rule.question == ""


def test_the_course_page_leads_to_them(teacher, course, alice):
    assertContains(teacher.get(course.get_absolute_url()), url(course, "rules"))
    teacher.force_login(alice)
    assertNotContains(teacher.get(course.get_absolute_url()), url(course, "rules"))
