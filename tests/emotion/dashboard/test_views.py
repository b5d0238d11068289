"""A student's pages about the camera: consent, withdrawal, history."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from emotion import consents
from emotion.models import Consent, EmotionBucket, FeatureGate, LessonSession, SupportPreference
from tests.emotion.factories import YES, make_bucket, make_class, make_consent, make_session
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


def url(name, lesson):
    return reverse(f"emotion:{name}", args=[lesson.pk])


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return alice


@pytest.mark.parametrize(("name", "method"), [("consent", "get"), ("withdraw", "post"), ("history", "get")])
def test_everyone_at_each_page(client, alice, lesson, ines, name, method):
    other = make_instructor("ivo")
    make_course(instructor=other)
    page = url(name, lesson)
    assert getattr(client, method)(page).url.startswith("/accounts/login/")
    statuses = {ines: 404, other: 404, make_user("charlie"): 404, alice: 200 if method == "get" else 302}
    for user, status in statuses.items():
        client.force_login(user)
        assert getattr(client, method)(page).status_code == status


@pytest.mark.parametrize(("name", "method"), [("consent", "get"), ("consent", "post"), ("history", "get")])
def test_with_the_features_off_there_are_no_such_pages(client, signed_in, lesson, name, method):
    FeatureGate.objects.all().delete()
    assert getattr(client, method)(url(name, lesson)).status_code == 404
    assert not Consent.objects.exists()


def test_the_page_says_what_happens_and_that_no_is_an_answer(client, signed_in, lesson):
    page = client.get(url("consent", lesson))
    for words in ("What happens", "What is kept", "Who sees it", "If you say no", "No, keep it off"):
        assertContains(page, words)
    assertContains(page, '<input type="checkbox" name="share" id="share">')  # sharing is not ticked beforehand
    assertNotContains(page, "Take it back")
    assert not Consent.objects.exists()  # looking is not agreeing


def test_saying_yes(client, signed_in, lesson):
    page = client.post(url("consent", lesson), YES, follow=True)
    assertRedirects(page, lesson.get_absolute_url())
    assertContains(page, "The camera stays off until you start it")
    assertContains(page, "data-camera-start")
    assert not Consent.objects.in_force().get().share_with_instructor
    assert not LessonSession.objects.exists()


def test_sharing_is_chosen_and_changed(client, signed_in, lesson):
    client.post(url("consent", lesson), {**YES, "share": "on"})
    assertContains(client.get(url("consent", lesson)), 'id="share" checked')
    client.post(url("consent", lesson), YES)
    assert not Consent.objects.get().share_with_instructor


def test_withdrawing_keeps_the_history(client, signed_in, lesson):
    client.post(url("consent", lesson), YES)
    session = make_session(signed_in, lesson)
    make_bucket(session)
    assertContains(client.get(url("consent", lesson)), "Take it back")
    page = client.post(url("withdraw", lesson), follow=True)
    assertContains(page, "no more frames are taken")
    assertNotContains(page, "data-camera-start")
    session.refresh_from_db()
    assert session.ended_at is not None
    assert not Consent.objects.in_force().exists()
    assert EmotionBucket.objects.exists()


def test_withdrawing_can_erase_the_history_of_this_course(client, signed_in, lesson):
    other = make_course(modules=1, lessons=1).modules.get().lessons.get()
    enroll(signed_in, other.course)
    make_bucket(make_session(signed_in, other))
    make_bucket(make_session(signed_in, lesson))
    page = client.post(url("withdraw", lesson), {"erase": "on"}, follow=True)
    assertContains(page, "your history in this course is erased")
    assert EmotionBucket.objects.get().session.lesson == other


def test_withdrawing_is_no_link(client, signed_in, lesson):
    assert client.get(url("withdraw", lesson)).status_code == 405


def test_an_empty_history_says_what_will_be_here(client, signed_in, lesson):
    page = client.get(url("history", lesson))
    assertContains(page, "Nothing here yet")
    assertNotContains(page, "lesson-chart")


def test_a_history_shows_ones_own_and_only_that(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson), place=3, faces=4, sadness=3, neutral=1)
    make_class(lesson, 5)
    page = client.get(url("history", lesson))
    assertContains(page, "Mostly sadness (75%), then neutral (25%).")
    assertContains(page, f'href="/lessons/{lesson.pk}/#block-{lesson.blocks.first().pk}"')
    assertContains(page, "you know best how it felt")
    assertContains(page, "<td>0:30</td>")
    assertContains(page, "Only you see this.")
    assertNotContains(page, "happiness (")
    assert [point["seconds"] for point in page.context["timeline"]["points"]] == [30]


def test_a_history_of_a_lesson_that_was_rewritten_stays_and_says_so(client, signed_in, lesson):
    session = make_session(signed_in, lesson)
    make_bucket(session, faces=4, sadness=3, neutral=1)
    lesson.edition = 2
    lesson.save()
    page = client.get(url("history", lesson))
    assertContains(page, "Mostly sadness (75%)")
    assertContains(page, "This is from edition 1 of the lesson, which was rewritten since.")
    assertContains(client.get(course_page(lesson)), "before it was rewritten")
    make_bucket(session, edition=2, faces=4, happiness=4)
    page = client.get(url("history", lesson))
    assertContains(page, "Mostly happiness (100%)")
    assertNotContains(page, "rewritten since")
    assertContains(page, '<a href="?edition=1">Edition 1</a>', html=True)
    assertContains(page, '<a href="?edition=2" aria-current="page">Edition 2</a>', html=True)
    former = client.get(url("history", lesson), {"edition": 1})
    assertContains(former, "Mostly sadness (75%)")
    assertContains(former, "chart.csv?edition=1")
    table = client.get(f"{url('history', lesson)}chart.csv", {"edition": 1})
    assert f"my-lesson-{lesson.pk}-edition-1" in table["Content-Disposition"]
    assert "75" in table.content.decode()
    assertNotContains(client.get(course_page(lesson)), "before it was rewritten")
    assertContains(client.get(url("history", lesson), {"edition": "x"}), "Mostly happiness (100%)")


def test_a_history_says_who_else_sees_it(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson, share=True))
    assertContains(client.get(url("history", lesson)), "and the instructor you share it with")
    consents.withdraw_consent(user=signed_in, course=lesson.course)
    assertNotContains(client.get(url("history", lesson)), "and the instructor you share it with")


def test_a_history_without_a_single_face_says_so(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson), faces=0, no_face=9, happiness=0)
    assertContains(client.get(url("history", lesson)), "no single face was read")


def test_pages_hold_no_inline_script(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson))
    for page in (url("consent", lesson), url("history", lesson), lesson.get_absolute_url()):
        html = client.get(page).content.decode()
        assert not any(inline in html for inline in ("<script>", "<style", " style=", " onclick="))


def test_a_history_costs_the_same_however_long(client, signed_in, lesson):
    for place in range(10):
        make_bucket(make_session(signed_in, lesson), place=place)
    client.get(url("history", lesson))
    # session, user; gate; lesson with course; takes it; blocks; sums; calibration; shares; the bell
    with assertNumQueries(10):
        client.get(url("history", lesson))


# The history of a course


def course_page(lesson):
    return reverse("emotion:course-history", args=[lesson.course.slug])


def test_everyone_at_the_history_of_a_course(client, alice, lesson, ines):
    other = make_instructor("ivo")
    make_course(instructor=other)
    assert client.get(course_page(lesson)).url.startswith("/accounts/login/")
    for user, status in {ines: 404, other: 404, make_user("charlie"): 404, alice: 200}.items():
        client.force_login(user)
        assert client.get(course_page(lesson)).status_code == status
    FeatureGate.objects.all().delete()
    assert client.get(course_page(lesson)).status_code == 404


def test_a_course_is_shown_lesson_by_lesson(client, signed_in, lesson):
    assertContains(client.get(course_page(lesson)), "Nothing here yet")
    make_bucket(make_session(signed_in, lesson, share=True), faces=4, happiness=3, fear=1)
    make_class(lesson, 5)
    page = client.get(course_page(lesson))
    assertContains(page, "Mostly happiness (75%), then fear (25%).")
    assertContains(page, f'<a href="{url("history", lesson)}">{lesson.title}</a>', html=True)
    assertContains(page, f"{course_page(lesson)}chart.csv")
    assertContains(page, "and the instructor you share it with")
    assertNotContains(page, lesson.module.lessons.last().title)  # the camera was off there
    assert not any(inline in page.content.decode() for inline in ("<script>", "<style", " style=", " onclick="))


def test_the_history_of_a_lesson_leads_to_its_table_and_its_course(client, signed_in, lesson):
    download = f"{url('history', lesson)}chart.csv"
    assertNotContains(client.get(url("history", lesson)), download)
    make_bucket(make_session(signed_in, lesson))
    page = client.get(url("history", lesson))
    assertContains(page, download)
    assertContains(page, f'href="{course_page(lesson)}"')


def test_a_course_costs_the_same_however_many_lessons(client, signed_in, lesson):
    for each in lesson.module.lessons.all():
        make_bucket(make_session(signed_in, each))
    client.get(course_page(lesson))
    # session, user; gate; course; takes it; sums; lessons; calibration; shares; the bell
    with assertNumQueries(10):
        client.get(course_page(lesson))


def test_agreeing_to_the_present_text_starts_the_camera_again(client, signed_in, lesson):
    make_consent(signed_in, lesson.course, share=True, version="2026-01")
    page = client.get(url("consent", lesson))
    assertContains(page, "You agreed to an earlier text")
    assertContains(page, "Yes, as ticked")
    assertContains(page, "No, keep it off")
    assertContains(page, "Take it back")
    assertNotContains(page, " checked")  # a choice made under another text is asked anew
    client.post(url("consent", lesson), {**YES, "share": "on"})
    assertContains(client.get(lesson.get_absolute_url()), "data-camera-start")
    consent = Consent.objects.get()
    assert consent.is_current
    assert timezone.now() - consent.granted_at < datetime.timedelta(minutes=1)
    assertNotContains(client.get(url("consent", lesson)), "You agreed to an earlier text")


def test_a_calm_change_of_choices_is_no_new_yes(client, signed_in, lesson):
    before = make_consent(signed_in, lesson.course, granted_at=timezone.now() - datetime.timedelta(days=3)).granted_at
    client.post(url("consent", lesson), {**YES, "share": "on"})
    assert Consent.objects.get().granted_at == before


# Learning states beside the expressions


def test_a_history_shows_the_learning_states_and_how_far_to_trust_them(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson), confused=1, unsure=3)
    for page in (url("history", lesson), course_page(lesson)):
        answer = client.get(page)
        assertContains(answer, "Looked confused 25% of the time; 75% of the time there was no telling.")
        assertContains(answer, "uncalibrated: not enough students have said how it goes")


def test_without_states_there_is_no_band_of_them(client, signed_in, lesson):
    make_bucket(make_session(signed_in, lesson))
    assertNotContains(client.get(url("history", lesson)), "Learning states")


# What one wants of support


def test_offers_that_were_muted_can_be_turned_on_again(client, signed_in):
    SupportPreference.objects.create(user=signed_in, off=True, muted_states=["confused", "bored"], muted_rules=[7])
    page = reverse("emotion:support")
    assertContains(client.get(page), "Turned off")
    assertRedirects(client.post(page, {"offers": "on", "states": ["confused", "frustrated", "delighted"]}), page)
    kept = SupportPreference.objects.get(user=signed_in)
    assert (kept.off, kept.muted_states, kept.muted_rules, kept.snoozed_until) == (False, ["bored"], [], None)


def test_offers_can_be_turned_off_as_a_whole(client, signed_in):
    client.post(reverse("emotion:support"), {"states": ["confused", "frustrated", "bored", "delighted"]})
    assert SupportPreference.objects.get(user=signed_in).off


def test_wishes_are_asked_of_those_who_are_signed_in(client, db):
    assert client.get(reverse("emotion:support")).status_code == 302


def test_a_state_that_is_none_mutes_nothing(client, signed_in):
    client.post(reverse("emotion:support"), {"offers": "on", "states": ["confused", "angry"]})
    assert SupportPreference.objects.get(user=signed_in).muted_states == ["frustrated", "bored", "delighted"]
